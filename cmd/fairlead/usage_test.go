package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/quota"
)

// counting is a server reduced to its ledger.
type counting struct{ *quota.Ledger }

func (c counting) RestoreUsage(usage quota.Usage) bool {
	c.TrackUsage()
	return c.Ledger.RestoreUsage(usage)
}

func newCounting() counting {
	return counting{quota.NewLedger(nil, quota.Limits{UserBytes: 1000, UsagePeriod: time.Hour})}
}

// use charges bytes to a user and reports whether they were not the last.
func (c counting) use(t *testing.T, user string, bytes uint64) bool {
	t.Helper()
	hold, err := c.Reserve(quota.Identity{Realm: "example.org", User: user, Client: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		return false
	}
	defer hold.Release()
	return hold.Use(bytes, 0) == nil
}

// What users have used is there after each restart, whoever was charged since the
// one before, until the period ends.
func TestUsageOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		next := func() (counting, *usageKeeper) {
			t.Helper()
			ledger := newCounting()
			k, err := openUsage(dir, ledger, zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			return ledger, k
		}
		ledger, k := next()
		ledger.use(t, "alice", 600)
		ledger.use(t, "bob", 100)
		k.save()
		ledger, k = next()
		ledger.use(t, "bob", 100)
		k.save()
		ledger, k = next()
		if !ledger.use(t, "alice", 399) || ledger.use(t, "alice", 1) || !ledger.use(t, "bob", 799) || ledger.use(t, "bob", 1) {
			t.Error("after two restarts: got other bytes left than alice's 400 and bob's 800")
		}
		k.save()
		time.Sleep(time.Hour)
		ledger, k = next()
		if !ledger.use(t, "alice", 999) {
			t.Error("in the next period: got no bytes left")
		}
		k.save()
		ledger, _ = next()
		if ledger.use(t, "alice", 1) || !ledger.use(t, "bob", 999) {
			t.Error("in the next period, after a restart: got not just alice's bytes used up")
		}
	})
}

// A disk that takes nothing is an error in the log, once, and what it did not take is
// written later; a file that is broken is told of at the start.
func TestUsageThatIsNotSaved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	core, logs := observer.New(zap.ErrorLevel)
	ledger := newCounting()
	k, err := openUsage(dir, ledger, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	ledger.use(t, "alice", 999)
	k.save()
	k.save()
	if got := logs.Len(); got != 1 {
		t.Errorf("got %d lines, want one: %v", got, logs.All())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	k.save()
	again := newCounting()
	if _, err := openUsage(dir, again, zap.NewNop()); err != nil || again.use(t, "alice", 1) {
		t.Errorf("got error %v, want alice's bytes used up", err)
	}
	if err := os.WriteFile(filepath.Join(dir, usageFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openUsage(dir, newCounting(), zap.NewNop()); err == nil {
		t.Error("a broken file: got no error")
	}
}
