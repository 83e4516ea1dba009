#!/usr/bin/env bash
# Takes a cluster down: processes, mounts, network namespace, cgroups, files.
#
#   scripts/cluster/down.sh NAME | --stale | --after NAME
#
#   --stale   those whose owners are gone
#   --after   that one, once its owner is
set -euo pipefail
# shellcheck source=scripts/cluster/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

case "${1:-}" in
--stale) sweep ;;
--after)
    while [ -d "$clusters/${2:?--after wants a name}" ] && owned "$2"; do sleep 1; done
    take_down "$2"
    ;;
"$prefix"*) take_down "$1" ;;
*) die "usage: scripts/cluster/down.sh NAME | --stale | --after NAME" ;;
esac
