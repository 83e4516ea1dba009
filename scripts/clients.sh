#!/usr/bin/env bash
# Makes a folder of SSH clients that no Debian package has in a useful version, for the tests of the SSH side, and
# prints it. Does nothing where it is there already.
#
# It holds `python` (a virtual environment with paramiko, asyncssh and ssh-audit) and `go` (a client with x/crypto/ssh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

source=$here/../tests/clients
key=$(cat "$source/requirements.txt" "$source/go/go.mod" "$source/go/main.go" | sha256sum | cut -c1-12)
target=$cache/clients-$key

if [ -e "$target/complete" ]; then
    printf '%s\n' "$target"
    exit 0
fi
mkdir -p "$cache"
# Two that start at once: the second waits and finds it made.
exec 9>"$cache/.clients.lock"
flock 9
if [ ! -e "$target/complete" ]; then
    # Not made beside its place and renamed: a virtual environment knows where it is. The last file says that it is whole.
    rm -rf "$target"
    mkdir -p "$target"
    say "making SSH clients for the tests (paramiko, asyncssh, ssh-audit, Go's x/crypto)"
    python3 -m venv "$target/python" >&2
    "$target/python/bin/pip" install -q --disable-pip-version-check -r "$source/requirements.txt" >&2
    (cd "$source/go" && CGO_ENABLED=0 GOFLAGS=-mod=mod go build -trimpath -buildvcs=false -o "$target/go" .) >&2
    touch "$target/complete"
fi
printf '%s\n' "$target"
