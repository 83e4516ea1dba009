# What the scripts share. Sourced, never run.
# shellcheck shell=bash

# Everything that is said goes to stderr: stdout is for answers.
say() { printf 'dormer: %s\n' "$*" >&2; }
die() { printf 'dormer: error: %s\n' "$*" >&2; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

# rustup puts cargo there without touching the shell that is already open.
case ":$PATH:" in
*":$HOME/.cargo/bin:"*) ;;
*) [ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH" ;;
esac

# Where things are kept that cost minutes to make and outlive `cargo clean`.
# shellcheck disable=SC2034 # used by those who source this
cache="${XDG_CACHE_HOME:-$HOME/.cache}/dormer"
