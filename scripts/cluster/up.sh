#!/usr/bin/env bash
# Brings a whole Kubernetes up on this machine, in a network namespace of its own, and prints its name.
#
#   scripts/cluster/up.sh [--api] [--open] [--owner PID]
#
#   --api     etcd and the API server only, on the machine's own loopback; needs no root
#   --open    with a way out to the internet, and ports of the loopback that lead in
#   --owner   is taken down when that process ends. Without it: by scripts/cluster/down.sh NAME
#
# Everything of it is below one folder, whose `admin.kubeconfig` leads in: /var/lib/dormer-clusters/NAME. A program reaches
# the API server, services and pods from inside: nsenter --net=/run/netns/NAME PROGRAM.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
# shellcheck source=scripts/cluster/certificates.sh
. "$here/certificates.sh"
# shellcheck source=scripts/cluster/api.sh
. "$here/api.sh"
# shellcheck source=scripts/cluster/node.sh
. "$here/node.sh"

only_api=0
open=0
owner=0
while [ $# -gt 0 ]; do
    case "$1" in
    --api) only_api=1 ;;
    --open) open=1 ;;
    --owner)
        owner=${2:?--owner wants a process}
        shift
        ;;
    *) die "usage: scripts/cluster/up.sh [--api] [--open] [--owner PID]" ;;
    esac
    shift
done
[ "$only_api" = 1 ] || [ "$(id -u)" = 0 ] || die "a node needs root: run this as root, or with --api for an API server alone"

tools=${DORMER_CLUSTER_TOOLS:-$("$here/tools.sh")}
mkdir -p "$clusters"
chmod 711 "$clusters"
sweep
state=$(mktemp -d "$clusters/${prefix}XXXXXX")
id=$(basename "$state")
chmod 711 "$state"
mkdir "$state"/{log,pid}
if [ "$owner" = 0 ]; then echo 0 >"$state/owner"; else printf '%s %s\n' "$owner" "$(began_at "$owner")" >"$state/owner"; fi
trap 'code=$?; [ "$code" = 0 ] || take_down "$id"; exit "$code"' EXIT
trap 'exit 130' INT TERM

free_ports() {
    python3 -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in held))' "$1"
}

if [ "$only_api" = 1 ]; then
    read -r etcd_port peer_port api_port < <(free_ports 3)
    bind_address=127.0.0.1
    api_address=127.0.0.1
else
    etcd_port=2379 peer_port=2380 api_port=6443
    bind_address=0.0.0.0
    api_address=$node_address
    make_network
    [ "$open" = 0 ] || open_network
    make_mounts
fi
printf 'id=%q state=%q tools=%q only_api=%q etcd_port=%q peer_port=%q api_port=%q bind_address=%q api_address=%q\n' \
    "$id" "$state" "$tools" "$only_api" "$etcd_port" "$peer_port" "$api_port" "$bind_address" "$api_address" >"$state/cluster.env"

certificates "$api_address" "$api_port"
start_etcd
start_api
if [ "$only_api" = 0 ]; then
    make_cgroup
    start_containerd
    make_pause
fi
await "the API server" api 60 kubectl get --raw /readyz
if [ "$only_api" = 0 ]; then
    start_controllers
    start_kubelet
    kubectl create clusterrolebinding dormer-test-proxy --clusterrole=system:node-proxier --user=system:kube-proxy >/dev/null 2>&1 || true
    start_proxy
    start_volumes
    start_dns
    kubectl apply -f "$here/base.yaml" >/dev/null
    await "the first service account" controllers 30 kubectl get serviceaccount default
    await "the node" kubelet 60 kubectl wait --for=condition=Ready node/node --timeout=1s
fi

# Whoever wanted it may be killed in a way that leaves no last word.
if [ "$owner" != 0 ]; then
    setsid "$here/down.sh" --after "$id" >/dev/null 2>&1 </dev/null 9>&- &
fi
printf '%s\n' "$id"
