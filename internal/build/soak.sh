#!/usr/bin/env bash
# Long runs against bin/fairlead in network namespaces. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
  echo 'network namespaces need root: sudo make soak' >&2
  exit 1
fi
internal/build/packages.sh ip:iproute2
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 17000 ]; then
  echo "16,000 allocations need as many open files, the limit is $(ulimit -Hn)" >&2
  exit 1
fi
go test -tags soak -count=1 -timeout 20m -v ./internal/e2e
