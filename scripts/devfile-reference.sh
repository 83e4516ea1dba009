#!/usr/bin/env bash
# Builds the program that says what the devfile project's own library makes of devfiles (the tests compare ours with it)
# and prints where it is. Does nothing where it is there already. Needs Go; some minutes, once.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

source=$here/../devfile/tests/reference
key=$(cat "$source"/go.mod "$source"/*.go | sha256sum | cut -c1-12)
target=$cache/devfile-reference-$key

if [ ! -x "$target" ]; then
    have go || die "go is missing: run scripts/setup.sh test first"
    mkdir -p "$cache"
    # Two that start at once: the second waits and finds it made.
    exec 9>"$cache/.devfile-reference.lock"
    flock 9
    if [ ! -x "$target" ]; then
        say "building the devfile library's program (what the tests compare ours with); some minutes, once"
        (cd "$source" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$target.making" .) >&2
        mv "$target.making" "$target"
    fi
fi
printf '%s\n' "$target"
