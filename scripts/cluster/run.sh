#!/usr/bin/env bash
# The product on a real Kubernetes on this machine: what `make cluster` does. HTTP and SSH say where; Ctrl-C stops all of it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
# shellcheck source=scripts/cluster/api.sh
. "$here/api.sh"
# shellcheck source=scripts/cluster/node.sh
. "$here/node.sh"

http=${HTTP:-127.0.0.1:7080}
ssh=${SSH:-127.0.0.1:7022}
port=${http##*:}

"$here/can.sh"
"$here/../setup.sh" cluster
bin=${DORMER_BIN:-$("$here/../build.sh" "${PROFILE:-release}")}
archives=$("$here/../images.sh" "$bin")
say "bringing a Kubernetes up"
id=$("$here/up.sh" --open --owner $$)
state=$clusters/$id
trap 'say "taking everything down"; take_down "$id"' EXIT
trap 'exit 0' INT TERM
# shellcheck source=/dev/null
. "$state/cluster.env"
"$here/images.sh" "$id" "$archives"
KUBECONFIG=$state/admin.kubeconfig
export KUBECONFIG

say "installing the chart"
in_network "$tools/helm" upgrade --install dormer "$here/../../helm/dormer" --namespace dormer --create-namespace \
    --values "$here/values.yaml" --set "publicUrl=http://localhost:$port" --set "ssh.publicPort=${ssh##*:}" \
    --wait --timeout 180s >"$state/log/helm.log" 2>&1 || {
    cat "$state/log/helm.log" >&2
    kubectl -n dormer describe pods >&2
    kubectl -n dormer logs -l app.kubernetes.io/name=dormer --tail=50 >&2
    die "the chart did not become ready"
}
forward "$http" 30080
forward "$ssh" 30022

# The sample repository, where pods reach it; in the image that is here, since nothing is pulled.
mkdir -p "$state/git"
sample=$("$here/../sample.sh" "$state/samples/hello")
sed -i 's|image: .*|image: dormer.test/workspace-base:dev|' "$sample/devfile.yaml"
git -C "$sample" -c user.name=Dormer -c user.email=dormer@localhost -c commit.gpgsign=false commit -q -am "Use the image of this cluster"
git clone -q --bare "$sample" "$state/git/hello.git"
start git python3 "$here/git.py" "$state/git" "$node_address" 8418
await "a server of the sample" git 30 in_network bash -c "exec 3<>/dev/tcp/$node_address/8418"
dormer() { kubectl -n dormer exec deploy/dormer -- dormer "$@"; }
dormer create "http://$node_address:8418/hello.git" --name hello >&2 || {
    kubectl -n dormer-default describe pods >&2
    die "the sample workspace did not start"
}

cat <<END

  sign in     $(dormer login-link | grep -o 'http[^ ]*' | tail -1)
  workspace   http://hello.localhost:$port
  ssh         ssh -p ${ssh##*:} hello@${ssh%:*}
  kubectl     nsenter --net=/run/netns/$id $tools/kubectl --kubeconfig $KUBECONFIG get workspaces -A

Ctrl-C stops everything and removes the cluster with all that is in it.
END
while sleep 3600; do :; done
