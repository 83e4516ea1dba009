#!/usr/bin/env bash
# The tests on a real Kubernetes: builds images, brings a cluster up, runs kubernetes/tests and then tests/cluster inside
# its network, takes it down.
#
#   scripts/cluster/test.sh [FILTER]
#
#   DORMER_TEST_CLUSTER_ID   use this cluster, which scripts/cluster/up.sh named, and leave it up
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
cd "$here/../.."

filter=${1:-}
# What never came to its tests did not pass them: said in cargo's own words, so that it is counted.
begun=0
trap '[ "$begun" = 1 ] || echo "test result: FAILED. 0 passed; 1 failed; the cluster of the tests did not come up"' EXIT
"$here/can.sh"
"$here/../setup.sh" test
"$here/../setup.sh" cluster
DORMER_TEST_BIN=${DORMER_TEST_BIN:-$("$here/../build.sh" dev)}
DORMER_TEST_EDITOR=${DORMER_TEST_EDITOR:-${DORMER_LOCAL_EDITOR:-$("$here/../editor.sh")}}
DORMER_TEST_CLUSTER_TOOLS=${DORMER_CLUSTER_TOOLS:-$("$here/tools.sh")}
archives=$("$here/../images.sh" "$DORMER_TEST_BIN")

id=${DORMER_TEST_CLUSTER_ID:-}
if [ -z "$id" ]; then
    id=$("$here/up.sh" --owner $$)
    trap 'take_down "$id"; [ "$begun" = 1 ] || echo "test result: FAILED. 0 passed; 1 failed; no images"' EXIT
    trap 'exit 130' INT TERM
fi
"$here/images.sh" "$id" "$archives" --tests
DORMER_TEST_CLUSTER=$clusters/$id
export DORMER_TEST_BIN DORMER_TEST_EDITOR DORMER_TEST_CLUSTER DORMER_TEST_CLUSTER_TOOLS
begun=1
DORMER_TEST_KUBECONFIG=$DORMER_TEST_CLUSTER/admin.kubeconfig
export DORMER_TEST_KUBECONFIG
failed=0
# The backend by itself, before a gateway is installed that would take part in what it does.
nsenter --net="/run/netns/$id" cargo test --workspace --test records --test pods --no-fail-fast -- \
    --include-ignored --test-threads="${TEST_THREADS:-2}" ${filter:+"$filter"} </dev/null || failed=1
# All of the workspace is named so that dependencies keep the features that they were built with.
nsenter --net="/run/netns/$id" cargo test --workspace --test cluster --no-fail-fast -- \
    --test-threads="${TEST_THREADS:-2}" ${filter:+"$filter"} </dev/null || failed=1
exit "$failed"
