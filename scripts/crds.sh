#!/usr/bin/env bash
# Writes the resource definitions of the chart again, from the program's own.
#
#   scripts/crds.sh BIN        BIN: the folder with `dormer` that scripts/build.sh prints
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"${1:?usage: scripts/crds.sh BIN}/dormer" crds >"$here/../helm/dormer/crds/dormer.yaml"
