#!/usr/bin/env bash
# Builds a Gitea for the tests, from its Go modules, and prints its folder: `gitea` and the `root` with its templates.
# Does nothing where it is there already. Some minutes, once; needs Go and a C compiler.
#
#   scripts/gitea.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

version=1.26.0
target=${1:-$cache/gitea-$version}

complete() { [ -x "$1/gitea" ] && [ -d "$1/root/templates" ] && [ -d "$1/root/options" ]; }

if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi
[ -e "$target" ] && die "$target exists and is no Gitea: move it away"
have go || die "go is missing: run scripts/setup.sh test first"

parent=$(dirname "$target")
mkdir -p "$parent"
# Two that start at once: the second waits and finds it made.
exec 9>"$parent/.gitea.lock"
flock 9
if complete "$target"; then
    printf '%s\n' "$target"
    exit 0
fi

free=$(df --output=avail -k "$parent" | tail -1)
[ "$free" -gt 4194304 ] || die "$parent has $((free / 1024)) MB left and Gitea needs 4 GB while it is built"
making="$parent/.making-$(basename "$target")"
chmod -R u+w "$making".* 2>/dev/null || true
rm -rf "$making".*
work=$(mktemp -d "$making.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Says little while all is well and everything when it is not.
quietly() {
    "$@" >"$work/log" 2>&1 </dev/null || {
        tail -40 "$work/log" >&2
        die "this failed: $*"
    }
}

say "building Gitea $version from its Go modules (the git host of the tests); about five minutes, once"
mkdir "$work/module" "$work/done"
cd "$work/module"
# A module of our own that has Gitea as its tool. A module that is built from elsewhere does not bring its own
# replacements along, so those of its go.mod are said again here.
quietly go mod init dormer.test/gitea
quietly go mod edit \
    -replace github.com/jaytaylor/html2text=github.com/Necoro/html2text@v0.0.0-20250804200300-7bf1ce1c7347 \
    -replace github.com/nektos/act=gitea.com/gitea/act@v0.261.10 \
    -replace github.com/urfave/cli/v3=github.com/urfave/cli/v3@v3.4.1 \
    -replace go.yaml.in/yaml/v4=go.yaml.in/yaml/v4@v4.0.0-rc.3 \
    -replace github.com/microsoft/go-mssqldb=github.com/microsoft/go-mssqldb@v1.9.7
quietly go get -tool "code.gitea.io/gitea@v$version"
quietly env CGO_ENABLED=1 nice -n 10 go build -p "${GITEA_BUILD_JOBS:-2}" -trimpath -ldflags '-s -w' \
    -tags 'sqlite sqlite_unlock_notify' -o "$work/done/gitea" code.gitea.io/gitea
source=$(go list -m -f '{{.Dir}}' code.gitea.io/gitea)
mkdir "$work/done/root"
for part in options templates public; do
    [ ! -d "$source/$part" ] || cp -R "$source/$part" "$work/done/root/$part"
done
chmod -R u+w "$work/done"

complete "$work/done" || die "Gitea came without its binary or its templates"
"$work/done/gitea" --version >/dev/null || die "the Gitea that was built does not run on this machine"
mv -T "$work/done" "$target"
printf '%s\n' "$target"
