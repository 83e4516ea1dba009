#!/usr/bin/env bash
# Says whether this machine can run a cluster, or what is in the way.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

[ "$(id -u)" = 0 ] || die "a cluster's node needs root: run this as root"
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "the cluster is built for Linux on x86-64"
name=dormer-can-$$
trap 'ip netns delete "$name" 2>/dev/null || true' EXIT
have ip || exit 0 # it will be installed
ip netns add "$name" 2>/dev/null || die "this machine makes no network namespaces (a container without privilege?)"
unshare --mount --propagation private true 2>/dev/null || die "this machine makes no mount namespaces (a container without privilege?)"
nsenter --net="/run/netns/$name" ip link add can0 type bridge 2>/dev/null || die "this kernel makes no bridges"
free=$(df --output=avail -k /var/lib | tail -1)
[ "$free" -gt 10485760 ] || die "/var/lib has $((free / 1024)) MB left and a cluster needs 10 GB"
