#!/usr/bin/env bash
# Runs each fuzz target of the tree for the given time, one after the other.
set -euo pipefail
cd "$(dirname "$0")/../.."

time=${1:-30s}
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' "$dir" | sed 's/^func //' | sort -u | while read -r target; do
    echo "== $dir $target"
    go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
  done
done
