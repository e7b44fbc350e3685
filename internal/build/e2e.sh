#!/usr/bin/env bash
# Tries bin/fairlead with real clients in network namespaces. Needs root; what
# is missing is installed by package name.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" -ne 0 ]; then
  echo 'network namespaces need root: sudo make e2e' >&2
  exit 1
fi
internal/build/packages.sh ip:iproute2 unshare:util-linux \
  turnutils_uclient:coturn haproxy:haproxy curl:curl redis-server:redis-server \
  mariadbd:mariadb-server psql:postgresql chromium:chromium firefox-esr:firefox-esr node:nodejs npm:npm
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "playwright-core needs Node.js 20 or newer, this is $(node --version)" >&2
  exit 1
fi
# An ACME authority, and the DNS server that it asks.
go build -modfile=tools.mod -o bin/e2e/ \
  github.com/letsencrypt/pebble/v2/cmd/pebble github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv
npm ci --prefix internal/e2e/browser --ignore-scripts --no-audit --no-fund

# Clients spend most of their time waiting: more at once than there are CPUs.
go test -tags e2e -count=1 -timeout 25m -parallel 8 -v ./internal/testnet ./relay/fastpath ./bench ./internal/e2e
