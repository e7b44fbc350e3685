#!/usr/bin/env bash
# Regenerates into place and fails if that changed anything git knows.
set -euo pipefail
cd "$(dirname "$0")/../.."

before=$(git diff | sha256sum)
go generate ./...
after=$(git diff | sha256sum)
if [ "$before" != "$after" ]; then
  echo 'generated files were stale; "make gen" has renewed them, commit the result:' >&2
  git status --short >&2
  exit 1
fi
