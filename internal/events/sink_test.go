package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/events"
)

var sample = events.Event{
	Type: events.Created, Time: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), ID: "001000000000000007",
	Realm: "example.org", Tenant: "acme", User: "alice", Transport: "udp",
	Client: netip.MustParseAddrPort("192.0.2.1:1000"), Server: netip.MustParseAddrPort("198.51.100.1:3478"), Relayed: netip.MustParseAddrPort("198.51.100.1:50000"),
	LifetimeSeconds: 600, DurationSeconds: 1.5,
	ToPeerPackets: 1, ToPeerBytes: 2, ToClientPackets: 3, ToClientBytes: 4, DroppedPackets: 5,
}

// of returns the sample as another type of event.
func of(kind events.Type) events.Event {
	e := sample
	e.Type = kind
	return e
}

func TestWebhookIsSigned(t *testing.T) {
	type received struct {
		header http.Header
		body   []byte
	}
	got := make(chan received, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.Header, body}
	}))
	defer receiver.Close()
	hook := events.NewWebhook(receiver.URL, "a secret of the webhook")
	defer hook.Close()
	if err := hook.Deliver(t.Context(), []events.Event{sample, of(events.Ended)}); err != nil {
		t.Fatal(err)
	}
	r := <-got
	timestamp := r.header.Get(events.TimestampHeader)
	if want := "sha256=" + events.Sign([]byte("a secret of the webhook"), timestamp, r.body); r.header.Get(events.SignatureHeader) != want || timestamp == "" {
		t.Errorf("got signature %q of %q, want %q", r.header.Get(events.SignatureHeader), timestamp, want)
	}
	var body struct{ Events []events.Event }
	if err := json.Unmarshal(r.body, &body); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]events.Event{sample, of(events.Ended)}, body.Events, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

// The signature is that of openssl dgst -sha256 -hmac KEY over "1.{}".
func TestSign(t *testing.T) {
	const want = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
	if got := events.Sign([]byte("key"), "1", []byte("{}")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWebhookTellsWhatIsWorthAnotherTry(t *testing.T) {
	for code, wantFinal := range map[int]bool{500: false, 503: false, 429: false, 408: false, 400: true, 401: true, 404: true, 302: true} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		}))
		hook := events.NewWebhook(receiver.URL+"/token-in-the-path", "0123456789abcdef")
		err := hook.Deliver(t.Context(), []events.Event{sample})
		if err == nil || errors.Is(err, events.ErrRefused) != wantFinal {
			t.Errorf("%d: got %v, want an error, final %t", code, err, wantFinal)
		}
		hook.Close()
		receiver.Close()
		if err = hook.Deliver(t.Context(), []events.Event{sample}); err == nil || errors.Is(err, events.ErrRefused) || strings.Contains(err.Error(), "token") {
			t.Errorf("nobody listens: got %v, want an error to try again after, without the URL", err)
		}
		hook.Close()
	}
}

// subscribe returns what is published until so many messages have come.
func subscribe(t *testing.T, server *miniredis.Miniredis, n int, publish func()) []miniredis.PubsubMessage {
	t.Helper()
	s := server.NewSubscriber()
	defer s.Close()
	s.Psubscribe("*")
	go publish()
	var got []miniredis.PubsubMessage
	for len(got) < n {
		select {
		case m := <-s.Pmessages():
			got = append(got, miniredis.PubsubMessage{Channel: m.Channel, Message: m.Message})
		case <-time.After(10 * time.Second):
			t.Fatalf("got %v, want %d messages", got, n)
		}
	}
	return got
}

func newRedis(t *testing.T, server *miniredis.Miniredis, channel string) *events.Redis {
	t.Helper()
	server.RequireUserAuth("relay", "a password of redis")
	sink, err := events.NewRedis("redis://relay:a%20password%20of%20redis@"+server.Addr()+"/0", channel)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return sink
}

func TestRedisPublishesJSON(t *testing.T) {
	server := miniredis.RunT(t)
	sink := newRedis(t, server, "fairlead/events")
	got := subscribe(t, server, 1, func() { sink.Deliver(context.Background(), []events.Event{sample}) })
	var e events.Event
	if err := json.Unmarshal([]byte(got[0].Message), &e); err != nil || got[0].Channel != "fairlead/events" {
		t.Fatalf("got %v, %v", got, err)
	}
	if diff := cmp.Diff(sample, e, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
}

func TestRedisPublishesAsCoturn(t *testing.T) {
	server := miniredis.RunT(t)
	sink := newRedis(t, server, "")
	hostile := sample
	hostile.User = "a/../b"
	batch := []events.Event{sample, of(events.Refreshed), of(events.Usage), of(events.Ended), hostile}
	got := subscribe(t, server, 8, func() { sink.Deliver(context.Background(), batch) })
	const base = "turn/realm/example.org/user/alice/allocation/001000000000000007/"
	want := []miniredis.PubsubMessage{
		{Channel: base + "status", Message: "new lifetime=600, type=UDP, local=198.51.100.1:3478, remote=192.0.2.1:1000"},
		{Channel: base + "status", Message: "refreshed lifetime=600"},
		{Channel: base + "traffic", Message: "rcvp=1, rcvb=2, sentp=3, sentb=4"},
		{Channel: base + "traffic/peer", Message: "rcvp=3, rcvb=4, sentp=1, sentb=2"},
		{Channel: base + "total_traffic", Message: "rcvp=1, rcvb=2, sentp=3, sentb=4"},
		{Channel: base + "total_traffic/peer", Message: "rcvp=3, rcvb=4, sentp=1, sentb=2"},
		{Channel: base + "status", Message: "deleted"},
		{Channel: "turn/realm/example.org/user/a_.._b/allocation/001000000000000007/status", Message: "new lifetime=600, type=UDP, local=198.51.100.1:3478, remote=192.0.2.1:1000"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages differ (-want +got):\n%s", diff)
	}
}

func TestRedisThatIsAway(t *testing.T) {
	server := miniredis.RunT(t)
	sink := newRedis(t, server, "c")
	server.Close()
	err := sink.Deliver(t.Context(), []events.Event{sample})
	if err == nil || errors.Is(err, events.ErrRefused) || strings.Contains(err.Error(), "password") {
		t.Errorf("got %v, want an error to try again after, without the password", err)
	}
	if err := events.CheckRedis("http://user:secret@host"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("no URL of Redis: got %v, want an error without it", err)
	}
}

func TestLogTellsEverything(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	if err := (events.Log{Logger: zap.New(core)}).Deliver(t.Context(), []events.Event{sample}); err != nil {
		t.Fatal(err)
	}
	entry := logs.All()[0]
	if entry.Message != "allocation created" || len(entry.Context) < 17 || entry.ContextMap()["username"] != "alice" || entry.ContextMap()["to_client_bytes"] != uint64(4) {
		t.Errorf("got %s %v, want the event with all it tells", entry.Message, entry.ContextMap())
	}
}
