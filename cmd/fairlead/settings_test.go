package main

import (
	"net/netip"
	"slices"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/fairlead/fairlead/internal/config"
)

// Every server that this one talks to is out of reach for relays, by whatever name
// the configuration has for it.
func TestBackEndsAreProtected(t *testing.T) {
	cfg, _, err := config.Load(config.Options{Base: config.Dev(), Set: []string{
		"events.webhook.url=http://localhost:8088/hook", "events.webhook.secret=0123456789abcdef",
		"events.redis.url=redis://:password@localhost/0",
		"quota.redis_url=rediss://127.0.0.9:7000/1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := newSettings(cfg, nil, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"127.0.0.1:8088", "127.0.0.1:6379", "127.0.0.9:7000"} {
		if !slices.Contains(settings.Protected, netip.MustParseAddrPort(want)) {
			t.Errorf("got protected addresses %v, want %s among them", settings.Protected, want)
		}
	}
}
