# Fairlead: every task a developer or CI runs. `make` alone lists them.

GO      ?= go
BIN     := bin/fairlead
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := $(GO) tool -modfile=tools.mod
FUZZTIME ?= 30s

.DEFAULT_GOAL := help
.PHONY: help build run test lint gen gen-check e2e soak bench fuzz bench-micro cover vuln install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the static binary bin/fairlead
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/fairlead

run: ## build and start a development server; prints an iceServers JSON and nothing else
	@$(MAKE) --no-print-directory build >&2
	@$(BIN) serve --dev

test: lint gen-check ## everything that needs neither root nor a third-party program (commit gate)
	$(GO) test -race -shuffle=on ./...
	$(GO) test ./internal/... ./authn ./allocation ./quota ./relay/... # what -race cannot test: no allocations
	$(GO) test -tags portable -shuffle=on ./internal/udpbatch/... ./relay/...

lint: ## gofmt, vet (Linux and macOS), staticcheck, go fix, tidy
	internal/build/lint.sh

gen: ## regenerate committed files
	$(GO) generate ./...

gen-check: ## fail when a generated file is stale
	internal/build/gen-check.sh

e2e: build ## real clients in network namespaces (root; installs coturn, chromium, … by package name)
	internal/build/e2e.sh

soak: build ## long runs: floods, bad credentials, 16,000 allocations (root)
	internal/build/soak.sh

bench: build ## measure against coturn and pion, write docs/PERFORMANCE.md (root)
	internal/build/bench.sh $(BENCHFLAGS)

fuzz: ## run every fuzz target for FUZZTIME (30s)
	internal/build/fuzz.sh $(FUZZTIME)

bench-micro: ## benchmarks of the packages
	$(GO) test -run '^$$' -bench . -benchmem ./...

cover: ## test coverage by function
	$(GO) test -coverprofile=coverage.out ./... && $(GO) tool cover -func=coverage.out | tail -1

vuln: ## known vulnerabilities in dependencies
	$(TOOL) govulncheck ./...

install: build ## install the binary to /usr/local/bin
	install -m 0755 $(BIN) $(DESTDIR)/usr/local/bin/fairlead

clean: ## remove what was built
	rm -rf bin coverage.out internal/e2e/browser/node_modules
