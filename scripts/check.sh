#!/usr/bin/env bash
# Formatting, lints, documentation, licences, sources and advisories. Runs all of them and says which failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
cd "$here/.."

"$here/setup.sh" check
failed=()
run() {
    local name=$1
    shift
    say "$name"
    "$@" </dev/null || failed+=("$name")
}

# Pinned, since a newer one may know lints that nobody has looked at; kept, since building it costs minutes.
deny_version=0.20.2
deny() {
    if [ "$(cargo deny --version 2>/dev/null)" = "cargo-deny $deny_version" ]; then
        cargo deny "$@"
        return
    fi
    local root=$cache/cargo-deny-$deny_version
    if [ ! -x "$root/bin/cargo-deny" ]; then
        say "building cargo-deny $deny_version (it checks licences and advisories); some minutes, once"
        cargo install cargo-deny --locked --quiet --version "$deny_version" --root "$root" || return
    fi
    "$root/bin/cargo-deny" "$@"
}

# The database of advisories is a git repository elsewhere: a machine that cannot reach it checks everything else.
advisories() {
    local out
    if out=$(deny --color never check advisories 2>&1); then
        return
    fi
    case "$out" in
    *"failed to fetch advisory database"*)
        say "the database of advisories cannot be reached from here: advisories were NOT checked"
        ;;
    *)
        printf '%s\n' "$out" >&2
        return 1
        ;;
    esac
}

run "formatting" cargo fmt --all --check
run "lints" cargo clippy --workspace --all-targets --quiet -- -D warnings
run "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
run "licences, bans, sources" deny check licenses bans sources
run "advisories" advisories
if have shellcheck; then
    run "scripts" shellcheck -x scripts/*.sh scripts/cluster/*.sh .ci/run
fi

if [ "${#failed[@]}" -gt 0 ]; then
    die "failed: $(printf '%s; ' "${failed[@]}")"
fi
say "all clean"
