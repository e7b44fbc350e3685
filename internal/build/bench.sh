#!/usr/bin/env bash
# Measures Fairlead next to coturn and pion/turn (as root) and writes the tables
# into docs/PERFORMANCE.md. Arguments go to "fairlead bench compare"; FAIRLEAD
# names another binary than the one that "make build" makes.
set -euo pipefail
cd "$(dirname "$0")/../.."

document=docs/PERFORMANCE.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for marker in '<!-- bench compare: begin -->' '<!-- bench compare: end -->'; do
  if ! grep -qxF -- "$marker" "$document"; then
    echo "$document has no line $marker" >&2
    exit 1
  fi
done
"${FAIRLEAD:-bin/fairlead}" bench compare "$@" | tee "$work/tables"
awk -v tables="$work/tables" '
  $0 == "<!-- bench compare: end -->" { inside = 0 }
  !inside { print }
  $0 == "<!-- bench compare: begin -->" {
    inside = 1
    print ""
    while ((getline line < tables) > 0) print line
    print ""
  }
' "$document" >"$work/document"
cat "$work/document" >"$document"
