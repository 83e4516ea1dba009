#!/usr/bin/env bash
# Installs what this machine lacks for a purpose, and says what and why.
# Quick and silent where nothing is missing.
#
#   scripts/setup.sh build|run|test|bench|check|cluster
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

purpose=${1:-}
case "$purpose" in
build | run | test | bench | check | cluster) ;;
*) die "usage: scripts/setup.sh build|run|test|bench|check|cluster" ;;
esac

packages=()

# command:package:why. A command that is there counts, wherever it came from.
need_command() {
    have "$1" && return
    say "missing: $1 ($3); to be installed: $2"
    packages+=("$2")
}

# A library has no command to look for.
need_file() {
    [ -e "$1" ] && return
    say "missing: $2 ($3)"
    packages+=("$2")
}

# node's packages and Debian's: where NodeSource's nodejs is, npm comes with it.
need_node() {
    if ! have node; then
        say "missing: node (it fetches the editor from npm); to be installed: nodejs npm"
        packages+=(nodejs npm)
    elif ! have npm; then
        say "missing: npm (it fetches the editor); to be installed: npm"
        packages+=(npm)
    fi
}

# Any Go since 1.21 fetches the one that a module asks for; Debian 12's own is older, its backports are not.
need_go() {
    local version
    version=$(go env GOVERSION 2>/dev/null || true)
    version=${version#go}
    if [ -n "$version" ] && [ "$(printf '%s\n1.21\n' "$version" | sort -V | head -1)" = 1.21 ]; then
        return
    fi
    say "missing: go 1.21 or newer (it builds the git host of the tests); to be installed: golang-go"
    if apt-cache policy golang-go 2>/dev/null | grep -q bookworm-backports; then
        packages+=(golang-go/bookworm-backports golang-src/bookworm-backports)
    else
        packages+=(golang-go)
    fi
}

need_command curl curl "fetches Rust where it is missing"
need_command git git "workspaces are cloned with it"
need_command gcc gcc "the linker of Rust, and C parts of SQLite and ring"
need_command make make "builds native parts"
need_command cmake cmake "builds zlib-ng, a part of the proxy"
need_command pkg-config pkg-config "finds system libraries"

case "$purpose" in
run | test)
    need_command ssh openssh-client "the way into a workspace from a terminal"
    need_node
    need_command python3 python3 "node-gyp, which builds native parts of the editor, is written in it"
    need_command g++ g++ "builds native parts of the editor"
    need_file /usr/include/gssapi/gssapi.h libkrb5-dev "a native part of the editor links it"
    ;;
esac
if [ "$purpose" = test ]; then
    need_command chromium chromium "browser tests drive a real one"
    need_command sftp openssh-client "file transfer tests"
    need_command rsync rsync "file transfer tests"
    need_command sshpass sshpass "tests that sign in over SSH with a token as the password"
    need_command plink putty-tools "an SSH client to be tested with"
    need_command dbclient dropbear-bin "an SSH client to be tested with"
    [ -x /usr/sbin/sshd ] || need_command sshd openssh-server "what a jump through a workspace leads to"
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    need_command git-lfs git-lfs "tests of repositories with large files"
    need_go
fi

# A machine of one's own, in a network namespace: what Kubernetes is built with, and what its node stands on.
if [ "$purpose" = cluster ]; then
    need_go
    need_node
    need_command python3 python3 "node-gyp, which builds native parts of the editor, is written in it"
    need_command g++ g++ "builds native parts of the editor"
    need_file /usr/include/gssapi/gssapi.h libkrb5-dev "a native part of the editor links it"
    need_file /usr/include/seccomp.h libseccomp-dev "runc, which starts containers, links it"
    need_command dockerd docker.io "builds the images from their Containerfiles"
    need_command mmdebstrap mmdebstrap "makes the Debian that those begin with"
    need_command ip iproute2 "makes the cluster's network namespace"
    need_command nsenter util-linux "enters it"
    need_command iptables iptables "services are rules of it"
    need_file /usr/lib/cni/bridge containernetworking-plugins "gives pods their addresses"
    need_command slirp4netns slirp4netns "leads out of the namespace, and into it, without a rule of this machine's own"
    need_command socat socat "tells it which ports lead in"
    need_command openssl openssl "makes the cluster's certificates"
    need_command objcopy binutils "takes out of programs what only a debugger wants"
    need_command patchelf patchelf "lets the editor run on whatever an image has"
    need_file /bin/busybox busybox-static "a shell for images that have none"
    need_command ssh openssh-client "the way into a workspace from a terminal"
fi

if [ "$purpose" = bench ]; then
    need_command ssh openssh-client "the client of the measurements"
    [ -x /usr/sbin/sshd ] || need_command sshd openssh-server "a peer to be measured beside"
    [ -x /usr/sbin/nginx ] || need_command nginx nginx-light "a peer to be measured beside"
    need_command wrk wrk "makes requests by the thousand"
    need_command valgrind valgrind "counts instructions, which a busy machine does not change"
fi

if [ "${#packages[@]}" -gt 0 ]; then
    have apt-get || die "this machine has no apt-get: install these with its own package manager: ${packages[*]}"
    sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        have sudo || die "not root and no sudo: ask somebody who is to install: ${packages[*]}"
        sudo=(sudo)
    fi
    say "installing with apt-get: ${packages[*]}"
    # A list that is minutes old is good enough; a fresh container has none at all.
    "${sudo[@]}" apt-get update -q >&2 || say "apt-get update failed; trying with the lists that are here"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${packages[@]}" ca-certificates >&2 </dev/null ||
        die "apt-get could not install: ${packages[*]}"
fi

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -1)
if ! have cargo; then
    say "missing: cargo (Dormer is written in Rust); installing Rust with rustup into ~/.cargo"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
        sh -s -- -y -q --profile minimal --component rustfmt --component clippy --no-modify-path >&2
    PATH="$HOME/.cargo/bin:$PATH"
fi
version=$(cargo --version | cut -d' ' -f2)
version=${version%%-*}
if [ "$(printf '%s\n%s\n' "$wanted" "$version" | sort -V | head -1)" != "$wanted" ]; then
    have rustup || die "cargo is $version and Dormer needs $wanted: update Rust the way it was installed"
    say "cargo is $version and Dormer needs $wanted: updating with rustup"
    rustup toolchain install stable --profile minimal --component rustfmt --component clippy >&2
    rustup default stable >&2
fi

if [ "$purpose" = test ]; then
    browser=$here/../tests/browser
    # The lock file is the newer one exactly when what it locks is not what is installed.
    if [ ! -e "$browser/node_modules/.package-lock.json" ] ||
        [ "$browser/package-lock.json" -nt "$browser/node_modules/.package-lock.json" ]; then
        say "installing playwright-core from npm (it drives chromium in the browser tests)"
        npm ci --prefix "$browser" --no-fund --no-audit --ignore-scripts >&2 </dev/null
        touch "$browser/node_modules/.package-lock.json"
    fi
fi
