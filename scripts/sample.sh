#!/usr/bin/env bash
# Makes a git repository of examples/hello, and prints its folder. One that is there is left as it is: it may hold
# what somebody committed to it.
#
#   scripts/sample.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

target=${1:?usage: scripts/sample.sh FOLDER}
if [ ! -d "$target/.git" ]; then
    mkdir -p "$(dirname "$target")"
    work=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cp -R "$here/../examples/hello/." "$work/"
    git -C "$work" init -q -b main
    git -C "$work" add -A
    git -C "$work" -c user.name=Dormer -c user.email=dormer@localhost -c commit.gpgsign=false commit -q -m "The sample repository of Dormer"
    chmod 755 "$work"
    mv -T "$work" "$target"
    trap - EXIT
fi
(cd "$target" && pwd)
