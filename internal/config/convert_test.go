package config_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap/zapcore"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/quota"
)

// TestDefaultsAgree holds the defaults here to those of the packages they are
// for, each of which cites its source.
func TestDefaultsAgree(t *testing.T) {
	c := config.Defaults()
	if diff := cmp.Diff(allocation.DefaultConfig(), c.AllocationConfig()); diff != "" {
		t.Errorf("allocation differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(quota.DefaultLimits(), c.QuotaLimits()); diff != "" {
		t.Errorf("quota differs (-want +got):\n%s", diff)
	}
	if got := c.Auth.NonceLifetime.Std(); got != authn.DefaultNonceLifetime {
		t.Errorf("nonce lifetime: got %s, want %s", got, authn.DefaultNonceLifetime)
	}
}

// comparableKeys compares keys, which print as ***.
var comparableKeys = cmpopts.EquateComparable(authn.Key{})

func TestAuthnConfig(t *testing.T) {
	c := read(t, `
auth:
  realm: "example.org"
  users:
    - {name: "alice", password: "one"}
    - {name: "bob", key: "0x00112233445566778899aabbccddeeff"}
  secrets:
    - {name: "new", value: "two"}
    - {value: "three"}
  expiry: strict
  expiry_grace: 1s
  clock_skew: 2s
  max_time_to_live: 3s
  anonymous: true
`)
	key, err := authn.ParseKey("00112233445566778899aabbccddeeff")
	if err != nil {
		t.Fatal(err)
	}
	want := authn.Config{
		Realm:            "example.org",
		Users:            []authn.User{{Name: "alice", Password: "one"}, {Name: "bob", Key: key}},
		Secrets:          []authn.Secret{{Name: "new", Value: "two"}, {Value: "three"}},
		Expiry:           authn.ExpiryStrict,
		ExpiryGrace:      time.Second,
		ClockSkew:        2 * time.Second,
		MaxTimeToLive:    3 * time.Second,
		Anonymous:        true,
		SecurityFeatures: true,
	}
	if diff := cmp.Diff(want, c.AuthnConfig(), comparableKeys); diff != "" {
		t.Errorf("authn differs (-want +got):\n%s", diff)
	}
	if _, err := authn.New(c.AuthnConfig()); err != nil {
		t.Errorf("authn refuses it: %v", err)
	}
}

func TestEveryFieldOfTheTargetsIsFed(t *testing.T) {
	changes := []string{"allocation.wide_channel_numbers=true", "quota.user_allocation_age=1h"}
	for _, key := range config.Keys() {
		if strings.HasPrefix(key.Path, "quota.") && key.Type == "whole number" {
			changes = append(changes, key.Path+"=5000")
		}
	}
	c := read(t, "", changes...)
	for name, zero := range map[string]bool{
		"quota.Limits":      hasZeroField(c.QuotaLimits()),
		"allocation.Config": hasZeroField(c.AllocationConfig()),
	} {
		if zero {
			t.Errorf("%s has a field that no key fills", name)
		}
	}
}

func TestQuotaOverrides(t *testing.T) {
	c := read(t, "", `quota.overrides=[{user: "a", user_allocations: -1, user_allocation_age: 1h}, {realm: "other", tenant: "t", tenant_to_peer_bits_per_second: 5000}]`)
	want := []quota.Override{
		{Realm: "fairlead", User: "a", Limits: quota.Limits{UserAllocations: quota.Unlimited, UserAllocationAge: time.Hour}},
		{Realm: "other", Tenant: "t", Limits: quota.Limits{TenantToPeerBitsPerSecond: 5000}},
	}
	if diff := cmp.Diff(want, c.QuotaOverrides()); diff != "" {
		t.Errorf("overrides (-want +got):\n%s", diff)
	}
}

func TestPeerRules(t *testing.T) {
	allow, deny := read(t, "", "peers.allow=10.0.0.0/8 port 1-5", "peers.deny=::1,192.0.2.7").PeerRules()
	wantAllow := []allocation.Rule{{Prefix: netip.MustParsePrefix("10.0.0.0/8"), MinPort: 1, MaxPort: 5}}
	wantDeny := []allocation.Rule{{Prefix: netip.MustParsePrefix("::1/128")}, {Prefix: netip.MustParsePrefix("192.0.2.7/32")}}
	compare := cmpopts.EquateComparable(netip.Prefix{})
	if diff := cmp.Diff(wantAllow, allow, compare) + cmp.Diff(wantDeny, deny, compare); diff != "" {
		t.Errorf("rules differ (-want +got):\n%s", diff)
	}
}

func TestAddresses(t *testing.T) {
	c := read(t, "", `listeners=[{address: "[::]:3478", transport: udp}]`, `relay.addresses=[{address: "10.0.0.5", external_address: "192.0.2.1"}, {address: "::1"}]`, "monitoring.address=off")
	if got, want := c.ListenerAddresses(), []netip.AddrPort{netip.MustParseAddrPort("[::]:3478")}; !cmp.Equal(got, want, cmpopts.EquateComparable(netip.AddrPort{})) {
		t.Errorf("listeners: got %v, want %v", got, want)
	}
	if got := c.Relay.Addresses[0]; got.Local().String() != "10.0.0.5" || got.External().String() != "192.0.2.1" {
		t.Errorf("relay address: got %s and %s", got.Local(), got.External())
	}
	if got := c.Relay.Addresses[1].External(); got.IsValid() {
		t.Errorf("external address: got %s, want none", got)
	}
	if addr, on := c.MonitoringAddress(); on {
		t.Errorf("monitoring: got %s, want it off", addr)
	}
	if addr, on := config.Defaults().MonitoringAddress(); !on || addr.String() != "127.0.0.1:9641" {
		t.Errorf("monitoring: got %s, %v, want the default", addr, on)
	}
}

func TestSmallConversions(t *testing.T) {
	c := read(t, "", "workers=3", "log.level=warn", "log.format=json", "auth.nonce_key=abc")
	if got := c.WorkerCount(); got != 3 {
		t.Errorf("workers: got %d, want 3", got)
	}
	cpus := config.Defaults().WorkerCount()
	if cpus != runtime.GOMAXPROCS(0) {
		t.Errorf("workers: got %d, want one per CPU", cpus)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus + 2))
	if got := config.Defaults().WorkerCount(); got != cpus {
		t.Errorf("workers: got %d after a change of GOMAXPROCS, want %d still", got, cpus)
	}
	if c.LogLevel() != zapcore.WarnLevel || c.LogFormat() != logging.FormatJSON {
		t.Errorf("log: got %s, %s, want warn, json", c.LogLevel(), c.LogFormat())
	}
	if got := c.NonceKey(); !bytes.Equal(got, []byte("abc")) {
		t.Errorf("nonce key: got %q", got)
	}
	if got := config.Defaults().NonceKey(); got != nil {
		t.Errorf("nonce key: got %q, want nil for a random one", got)
	}
}

func hasZeroField(s any) bool {
	for _, field := range reflect.ValueOf(s).Fields() {
		if field.IsZero() {
			return true
		}
	}
	return false
}
