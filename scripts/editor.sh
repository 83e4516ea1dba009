#!/usr/bin/env bash
# Makes a VS Code server and prints its folder. Does nothing where it is there already.
#
#   scripts/editor.sh [FOLDER]
#
# The folder then holds `node` and `vscode/out/server-main.js`, which is what `[local] editor` of the gateway wants.
# It comes whole or not at all: it is made beside its place and renamed.
#
#   EDITOR_ARCHIVE=FILE   use this release archive of openvscode-server (.tar.gz) in place of npm's code-server
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

node_major=24
code_server=4.139.1

if [ -n "${EDITOR_ARCHIVE:-}" ]; then
    name="openvscode-server-$(basename "$EDITOR_ARCHIVE" .tar.gz)"
else
    name="code-server-$code_server-node-$node_major"
fi
target=${1:-$cache/editor-$name}

complete() { [ -x "$1/node" ] && [ -f "$1/vscode/out/server-main.js" ]; }

if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi
[ -e "$target" ] && die "$target exists and is no editor: move it away"

parent=$(dirname "$target")
mkdir -p "$parent"
# Two that start at once: the second waits and finds it made.
exec 9>"$parent/.editor.lock"
flock 9
if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi

free=$(df --output=avail -k "$parent" | tail -1)
[ "$free" -gt 2097152 ] || die "$parent has $((free / 1024)) MB left and the editor needs 2 GB while it is made"

# A name that nobody takes for an editor. What a run that was killed left is removed: the lock says nobody works there.
making="$parent/.making-$(basename "$target")"
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

from_npm() {
    have npm || die "npm is missing: run scripts/setup.sh run first"
    say "getting VS Code (code-server $code_server from npm, its native parts built here); about three minutes, once"
    # The node that runs it is in a folder of its own: npm would remove it half-way through the second install.
    mkdir "$work/nd" "$work/ed"
    quietly npm install --prefix "$work/nd" --no-fund --no-audit "node@$node_major"
    local header root
    header=$(find "$work/nd" -path '*/include/node/node_version.h' | head -1)
    [ -n "$header" ] || die "npm's node package came without its headers"
    root=${header%/include/node/node_version.h}
    # A user's .npmrc may name another node's headers: native parts would then be built for the wrong version.
    PATH="$root/bin:$PATH" npm_config_nodedir="$root" \
        quietly npm install --prefix "$work/ed" --no-fund --no-audit --unsafe-perm "code-server@$code_server"
    ln -s "${root#"$work"/}/bin/node" "$work/node"
    ln -s ed/node_modules/code-server/lib/vscode "$work/vscode"
}

from_archive() {
    say "unpacking $EDITOR_ARCHIVE"
    mkdir "$work/vscode"
    quietly tar -xzf "$EDITOR_ARCHIVE" -C "$work/vscode" --strip-components=1
    ln -s vscode/node "$work/node"
}

if [ -n "${EDITOR_ARCHIVE:-}" ]; then from_archive; else from_npm; fi

complete "$work" || die "the editor came without node or vscode/out/server-main.js"
"$work/node" --version >/dev/null || die "the editor's node does not run on this machine"
rm -f "$work/log"
chmod 755 "$work"
mv -T "$work" "$target"
printf '%s\n' "$target"
