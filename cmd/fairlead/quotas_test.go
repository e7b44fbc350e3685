package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// TestQuotasPage loads the examples of docs/QUOTAS.md as a server does, applies
// them to a ledger, and checks that the page names every label of a limit.
func TestQuotasPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/QUOTAS.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(examples) < 2 {
		t.Fatalf("got %d examples, want at least 2", len(examples))
	}
	for _, example := range examples {
		file := filepath.Join(t.TempDir(), "fairlead.yaml")
		if err := os.WriteFile(file, []byte(example[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := config.Load(config.Options{File: file, Set: []string{`auth.secrets=[{value: "0123456789abcdef"}]`}})
		if err != nil {
			t.Errorf("example\n%s\n%v", example[1], err)
			continue
		}
		quota.NewLedger(bucket.NewArray(64), cfg.QuotaLimits(), cfg.QuotaOverrides()...)
	}
	for limit := range quota.NumLimits {
		if !strings.Contains(page, "`"+limit.String()+"`") {
			t.Errorf("the page does not name the limit %s", limit)
		}
	}
	for reason := fastpath.DropPacketsToPeer; reason <= fastpath.DropServerToClient; reason++ {
		if !strings.Contains(page, "`"+reason.String()+"`") {
			t.Errorf("the page does not name the drop reason %s", reason)
		}
	}
}

// TestOverridesOfThePage holds the second example against who gets what.
func TestOverridesOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../docs/QUOTAS.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(quota:\n  user_allocations: 10\n.*?)```").FindStringSubmatch(string(text))
	if example == nil {
		t.Fatal("the example with overrides is gone")
	}
	file := filepath.Join(t.TempDir(), "fairlead.yaml")
	if err := os.WriteFile(file, []byte(example[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Options{File: file, Set: []string{`auth.secrets=[{value: "0123456789abcdef"}]`}})
	if err != nil {
		t.Fatal(err)
	}
	ledger := quota.NewLedger(bucket.NewArray(64), cfg.QuotaLimits(), cfg.QuotaOverrides()...)
	for _, each := range []struct {
		tenant, user string
		want         int // allocations, 0 for any number
		bits         int64
	}{
		{"", "bob", 10, 100_000_000},
		{"", "alice", 10, 4_000_000},
		{"acme", "bob", 20, 100_000_000},
		{"acme", "recorder", 0, 100_000_000},
	} {
		hold, err := ledger.Reserve(quota.Identity{Realm: "fairlead", Tenant: each.tenant, User: each.user})
		if err != nil {
			t.Fatal(err)
		}
		terms, err := hold.Terms()
		got := terms.Limits
		if err != nil || got.UserAllocations != each.want || got.AllocationToPeerBitsPerSecond != each.bits {
			t.Errorf("%q of %q: got %d allocations and %d bit/s (%v), want %d and %d",
				each.user, each.tenant, got.UserAllocations, got.AllocationToPeerBitsPerSecond, err, each.want, each.bits)
		}
	}
}
