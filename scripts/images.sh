#!/usr/bin/env bash
# Builds the images from their Containerfiles and prints the folder of their archives: dormer.tar, dormer-tools.tar,
# workspace-base.tar. Those whose contents are what they were are not built again.
#
#   scripts/images.sh BIN        BIN: the folder with `dormer` and `dormer-agent` that scripts/build.sh prints
#
# A docker of its own builds them, which is gone afterwards; what it keeps of layers is in the cache. `debian:bookworm-slim`
# is made here from Debian's packages: the Containerfiles are as users have them, and nothing is pulled.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

bin=${1:?usage: scripts/images.sh BIN}
[ "$(id -u)" = 0 ] || die "building images here needs root"
images=$here/../images
archives=$cache/images
mkdir -p "$archives"
exec 9>"$archives/.lock"
flock 9

work=$(mktemp -d "$archives/.making.XXXXXX")
docker_pid=
finish() {
    if [ -n "$docker_pid" ]; then
        kill "$docker_pid" 2>/dev/null || true
        wait "$docker_pid" 2>/dev/null || true
        umount -l "$work"/exec/netns/* 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

quietly() {
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -40 "$work/log" >&2
        die "this failed: $*"
    }
}

docker() { command docker -H "unix://$work/docker.sock" "$@"; }

# A root for builds to begin with, and the docker that does them; once a run, where anything is to be built.
start_docker() {
    [ -z "$docker_pid" ] || return 0
    local base=$cache/debian-bookworm.tar
    if [ ! -e "$base" ]; then
        say "making debian:bookworm-slim from Debian's packages; about a minute, once"
        quietly mmdebstrap --variant=minbase --include=ca-certificates --aptopt='Acquire::Languages "none"' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' \
            --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' bookworm "$base.new"
        mv "$base.new" "$base"
    fi
    mkdir -p "$cache/docker"
    setsid dockerd --data-root "$cache/docker" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
        -H "unix://$work/docker.sock" --iptables=false --ip6tables=false --bridge=none >"$work/docker.log" 2>&1 </dev/null 9>&- &
    docker_pid=$!
    local n=0
    until docker version >/dev/null 2>&1; do
        n=$((n + 1))
        if [ "$n" -gt 300 ] || ! kill -0 "$docker_pid" 2>/dev/null; then
            tail -20 "$work/docker.log" >&2
            die "docker did not start"
        fi
        sleep 0.1
    done
    [ -n "$(docker images -q debian:bookworm-slim)" ] || quietly docker import "$base" debian:bookworm-slim
}

# build NAME KEY CONTEXT: makes NAME.tar, where the one that is there was made of something else.
build() {
    local name=$1 key=$2 context=$3
    if [ -e "$archives/$name.tar" ] && [ "$(cat "$archives/$name.key" 2>/dev/null)" = "$key" ]; then
        return
    fi
    start_docker
    say "building the image $name"
    rm -f "$archives/$name.key"
    quietly env DOCKER_BUILDKIT=0 docker -H "unix://$work/docker.sock" build --network host --force-rm \
        -f "$images/$name/Containerfile" -t "dormer.test/$name:dev" "$context"
    docker save "dormer.test/$name:dev" -o "$archives/$name.tar"
    printf '%s\n' "$key" >"$archives/$name.key"
    docker images -q -f dangling=true | xargs -r -n 1 command docker -H "unix://$work/docker.sock" rmi >/dev/null 2>&1 || true
}

key() { cat "$@" | sha256sum | cut -c1-16; }

# What a debugger would want is not for an image.
mkdir -p "$work"/{dormer,base}
objcopy --strip-debug "$bin/dormer" "$work/dormer/dormer"
cp "$images/dormer/collect.sh" "$work/dormer/"
build dormer "$(key "$images"/dormer/* "$work/dormer/dormer")" "$work/dormer"

# The editor's part of the tools takes a while to make and is seldom new; the agent is new with every build.
editor=$("$here/editor.sh")
tools=$cache/tools-$({ cat "$here/tools.sh" "$here"/../editor-extension/*; basename "$editor"; } | key)
[ -e "$tools" ] || "$here/tools.sh" "$tools" --agent "$bin/dormer-agent" --editor "$editor" >/dev/null
mkdir -p "$work/tools"
cp -al "$tools" "$work/tools/tools"
rm "$work/tools/tools/bin/dormer-agent"
objcopy --strip-debug "$bin/dormer-agent" "$work/tools/dormer-agent"
build dormer-tools "$({ basename "$tools"; cat "$images/dormer-tools/Containerfile" "$work/tools/dormer-agent"; } | key)" "$work/tools"

build workspace-base "$(key "$images"/workspace-base/*)" "$work/base"
printf '%s\n' "$archives"
