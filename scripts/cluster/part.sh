#!/usr/bin/env bash
# Ends or starts a part of a cluster, for tests of what happens then.
#
#   scripts/cluster/part.sh STATE-FOLDER kill|stop|start etcd|api|kubelet|controllers|containerd
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
# shellcheck source=scripts/cluster/api.sh
. "$here/api.sh"
# shellcheck source=scripts/cluster/node.sh
. "$here/node.sh"

# shellcheck source=/dev/null
. "$1/cluster.env"
case "$2 $3" in
kill\ *) finish "$3" KILL ;;
stop\ *) finish "$3" TERM ;;
start\ etcd) start_etcd ;;
start\ api)
    start_api
    await "the API server" api 60 kubectl get --raw /readyz
    ;;
start\ kubelet) start_kubelet ;;
start\ controllers) start_controllers ;;
start\ containerd) start_containerd ;;
*) die "usage: scripts/cluster/part.sh STATE-FOLDER kill|stop|start PART" ;;
esac
