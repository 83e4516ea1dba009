#!/usr/bin/env bash
# Builds `dormer` and a static `dormer-agent` side by side, and prints their folder.
#
#   scripts/build.sh release|dev
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
cd "$here/.."

profile=${1:?usage: scripts/build.sh release|dev}
target=${CARGO_TARGET_DIR:-target}
triple=x86_64-unknown-linux-gnu
case "$profile" in
release) made=release ;;
dev) made=debug ;;
*) die "no such profile: $profile" ;;
esac

if [ "$profile" = dev ]; then
    # All targets at once, so that dependencies are built with one set of features for programs and tests alike.
    cargo build --workspace --all-targets >&2
else
    say "building; the first time takes about ten minutes"
    cargo build --release --locked -p dormer-server >&2
fi
# The agent runs in whatever image a workspace has: it must bring its libraries along.
RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile "$profile" -p dormer-agent --target "$triple" >&2

agent=$target/$triple/$made/dormer-agent
if [ "$profile" = dev ]; then
    # Not over target/debug/dormer-agent, which is cargo's and would be put back by the next build.
    folder=$target/debug/together
    mkdir -p "$folder"
    cp -f --remove-destination "$target/debug/dormer" "$folder/dormer"
else
    folder=$target/release
fi
cp -f --remove-destination "$agent" "$folder/dormer-agent"
(cd "$folder" && pwd)
