package config_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/config"
)

// Sinks come from what is configured, and where they are is known, so that no relay
// reaches it.
func TestEventSinks(t *testing.T) {
	c, _, err := config.Load(config.Options{File: file(t, credentialsOf+`
events:
  webhook: {url: "https://192.0.2.80/hook", secret: "0123456789abcdef"}
  redis: {url: "redis://:pass@[2001:db8::6]/0"}
`)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, sink := range c.EventSinks() {
		names = append(names, sink.Name())
		sink.Close()
	}
	if !slices.Equal(names, []string{"webhook", "redis"}) {
		t.Errorf("got sinks %v", names)
	}
	if want := []string{"192.0.2.80:443", "[2001:db8::6]:6379"}; !slices.Equal(c.BackEnds(), want) {
		t.Errorf("got back-ends %v, want %v", c.BackEnds(), want)
	}
	for _, want := range []string{"127.0.0.1:9641", "0.0.0.0:3478"} {
		if !slices.Contains(c.ProtectedAddresses(), netip.MustParseAddrPort(want)) {
			t.Errorf("got protected addresses %v, want %s among them", c.ProtectedAddresses(), want)
		}
	}
}

func TestMistakesInEvents(t *testing.T) {
	_, _, err := config.Load(config.Options{File: file(t, credentialsOf+`
events:
  webhook: {url: "ftp://hook-token@example.org", secret: "short"}
  redis: {url: "http://redis-password@example.org", channel: ""}
`)})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"events.webhook.url", "events.webhook.secret", "events.redis.url", "events.redis.channel"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got no problem with %s in\n%v", want, err)
		}
	}
	for _, secret := range []string{"hook-token", "short", "redis-password"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("got %q in\n%v", secret, err)
		}
	}
}
