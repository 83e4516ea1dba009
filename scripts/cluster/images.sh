#!/usr/bin/env bash
# Gives a cluster the images that were built here, and those that tests try beside them.
#
#   scripts/cluster/images.sh NAME ARCHIVES [--tests]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/cluster/cluster.sh
. "$here/cluster.sh"
# shellcheck source=scripts/cluster/node.sh
. "$here/node.sh"

# shellcheck source=/dev/null
. "$clusters/${1:?usage: scripts/cluster/images.sh NAME ARCHIVES [--tests]}/cluster.env"
for archive in "$2"/*.tar; do
    [ -e "$archive" ] || continue
    ctr images import "$archive" >/dev/null
done
if [ "${3:-}" = --tests ]; then
    work=$(mktemp -d "$state/images.XXXXXX")
    # Nothing but one program, under every name that it has.
    mkdir -p "$work/busybox"/{bin,etc,tmp,nothing}
    cp "$(command -v busybox)" "$work/busybox/bin/busybox"
    for name in $("$work/busybox/bin/busybox" --list); do
        [ "$name" = busybox ] || ln -s busybox "$work/busybox/bin/$name"
    done
    chmod 1777 "$work/busybox/tmp"
    mkdir "$work/nothing"
    add() { "$here/../image.sh" "dormer.test/$1:dev" "$2" "$3" "$work/$1.tar" && ctr images import "$work/$1.tar" >/dev/null; }
    add busybox "$work/busybox" '{"Cmd":["sh"]}'
    # A user that no file of it knows, as OpenShift gives them.
    add number "$work/busybox" '{"Cmd":["sh"],"User":"1000650000"}'
    add nothing "$work/nothing" '{}'
    rm -rf "$work"
fi
