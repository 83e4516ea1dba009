#!/usr/bin/env bash
# Builds a whole Kubernetes from its Go modules and prints the folder of its programs. Does nothing where it is there
# already. Ten minutes on two cores, once; needs Go, a C compiler and libseccomp's headers.
#
#   scripts/cluster/tools.sh [FOLDER]
#
# Two modules, since one for all does not resolve: kubernetes/ (control plane, node, etcd, CoreDNS, kubectl, helm) and
# containerd/ (containerd and runc). What they hold is said in their go.mod, under `tool`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../lib.sh"

key=$(cat "$here"/{kubernetes,containerd}/go.{mod,sum} "${BASH_SOURCE[0]}" | sha256sum | cut -c1-12)
target=${1:-$cache/kubernetes-$key}

complete() { [ -e "$1/complete" ]; }

if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi
[ -e "$target" ] && die "$target exists and is no Kubernetes: move it away"
have go || die "go is missing: run scripts/setup.sh cluster first"

parent=$(dirname "$target")
mkdir -p "$parent"
# Two that start at once: the second waits and finds it made.
exec 9>"$parent/.kubernetes.lock"
flock 9
if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi

free=$(df --output=avail -k "$parent" | tail -1)
[ "$free" -gt 8388608 ] || die "$parent has $((free / 1024)) MB left and Kubernetes needs 8 GB while it is built"
making="$parent/.making-kubernetes"
rm -rf "$making".*
work=$(mktemp -d "$making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Says little while all is well and everything when it is not.
quietly() {
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -40 "$work/log" >&2
        die "this failed: $*"
    }
}

say "building Kubernetes from its Go modules (the cluster of the tests); about ten minutes, once"
mkdir "$work/done"
# A build cache of its own, gone with it: it grows to gigabytes that nobody asks for again.
export GOCACHE=${DORMER_GOCACHE:-$work/go-cache} GOFLAGS=
version=$(sed -n 's|.*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$here/kubernetes/go.mod" | head -1)
minor=${version#v1.}
minor=${minor%%.*}
stamp=k8s.io/component-base/version

cd "$here/kubernetes"
quietly env CGO_ENABLED=0 nice -n 10 go build -mod=readonly -p "${CLUSTER_BUILD_JOBS:-2}" -trimpath -buildvcs=false \
    -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor" \
    -o "$work/done/" \
    k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kube-proxy,kubectl} \
    go.etcd.io/etcd/server/v3 helm.sh/helm/v3/cmd/helm github.com/coredns/coredns
# Its own name says nothing.
if [ -e "$work/done/v3" ]; then mv "$work/done/v3" "$work/done/etcd"; else mv "$work/done/server" "$work/done/etcd"; fi

cd "$here/containerd"
quietly env CGO_ENABLED=1 nice -n 10 go build -mod=readonly -p "${CLUSTER_BUILD_JOBS:-2}" -trimpath -buildvcs=false -ldflags '-s -w' \
    -tags 'seccomp no_btrfs no_zfs no_devmapper' -o "$work/done/" \
    github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr} github.com/opencontainers/runc

for program in kubelet etcd containerd runc; do
    "$work/done/$program" --version >/dev/null || die "the $program that was built does not run on this machine"
done
touch "$work/done/complete"
mv -T "$work/done" "$target"
printf '%s\n' "$target"
