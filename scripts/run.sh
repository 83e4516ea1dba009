#!/usr/bin/env bash
# From a fresh clone to an open workspace: what `make run` does. HTTP, SSH and DATA say where.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

http=${HTTP:-127.0.0.1:7080}
ssh=${SSH:-127.0.0.1:7022}
data=${DATA:-$HOME/.local/share/dormer}

"$here/setup.sh" run
bin=$("$here/build.sh" "${PROFILE:-release}")
DORMER_LOCAL_EDITOR=${DORMER_LOCAL_EDITOR:-$("$here/editor.sh")}
export DORMER_LOCAL_EDITOR
mkdir -p "$data"
sample=$("$here/sample.sh" "$data/samples/hello")
exec "$bin/dormer" up "$sample" --data "$data" --http "$http" --ssh "$ssh"
