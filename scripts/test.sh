#!/usr/bin/env bash
# Runs the tests: the fast ones beside the code, then those of whole programs on this machine, then those on a Kubernetes.
#
#   scripts/test.sh [all|local|cluster] [FILTER]
#
#   DORMER_SKIP_CLUSTER=1   on a machine that can run no cluster: leaves that part out, and says so
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

part=${1:-all}
filter=${2:-}
"$here/setup.sh" test
DORMER_TEST_BIN=$("$here/build.sh" dev)
DORMER_TEST_EDITOR=${DORMER_TEST_EDITOR:-${DORMER_LOCAL_EDITOR:-$("$here/editor.sh")}}
# Made before the tests, so that none of them waits for it.
if [ "$part" != cluster ]; then
    "$here/clients.sh" >/dev/null
    DORMER_TEST_GITEA=${DORMER_TEST_GITEA:-$("$here/gitea.sh")}
fi
if [ "$part" = all ]; then
    DORMER_TEST_DEVFILE_REFERENCE=${DORMER_TEST_DEVFILE_REFERENCE:-$("$here/devfile-reference.sh")}
fi
export DORMER_TEST_BIN DORMER_TEST_EDITOR DORMER_TEST_GITEA DORMER_TEST_DEVFILE_REFERENCE
cd "$here/.."

failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Every part runs even when one before it failed: one run tells all.
run() {
    "$@" </dev/null 2>&1 | tee -a "$log" || failed=1
}
if [ "$part" = all ]; then
    run cargo test --workspace --exclude dormer-tests --no-fail-fast -- ${filter:+"$filter"}
fi
if [ "$part" != cluster ]; then
    # Each of these has a gateway, and often an editor and a browser, of its own: more at once only wait for each other.
    # The whole workspace is named so that dependencies keep the features that they were built with.
    run cargo test --workspace --test local --no-fail-fast -- --test-threads="${TEST_THREADS:-2}" ${filter:+"$filter"}
fi
if [ "$part" = local ]; then
    :
elif [ -n "${DORMER_SKIP_CLUSTER:-}" ]; then
    say "DORMER_SKIP_CLUSTER is set: NOTHING WAS TRIED ON KUBERNETES, and nothing of it is counted below"
else
    run "$here/cluster/test.sh" "$filter"
fi

# cargo's own lines, added up.
awk '/^test result:/ { for (i = 1; i < NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i } }
     END { printf "%d passed, %d failed\n", p, f }' "$log"
exit "$failed"
