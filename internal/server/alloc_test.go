//go:build !race

package server

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// What a stranger can send must leave no garbage: a flood would make the heap
// grow by the headroom of the collector.
func TestStrangersLeaveNoGarbage(t *testing.T) {
	auth, err := authn.New(authn.Config{Realm: "example.org", Users: []authn.User{{Name: "alice", Password: "wonderland"}}, SecurityFeatures: true})
	if err != nil {
		t.Fatal(err)
	}
	gate := access.NewGate(nil)
	gate.SetLists(access.Lists{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	s, err := New(Config{
		Clients:  gate,
		Workers:  1,
		Settings: Settings{Authenticator: auth, Allocation: allocation.DefaultConfig()},
		Nonces:   authn.NewNonces(nil, time.Minute),
		Limiter:  authn.NewLimiter(1_000_000, 1_000_000),
		MinPort:  49152, MaxPort: 65535,
		Buckets:        bucket.NewArray(1),
		LocalAddresses: func() []netip.Addr { return nil },
		IsLocalAddress: func(netip.Addr) bool { return false },
		Log:            zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	h := s.Handler(0)
	w, err := fastpath.NewWorker(fastpath.Config{Control: h.Control, Tick: h.Tick})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })

	integrity := stun.NewLongTermIntegrity("alice", "example.org", "wonderland")
	cases := []struct {
		name    string
		setters []stun.Setter
	}{
		{"Binding", []stun.Setter{stun.BindingRequest}},
		{"no credentials", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest)}},
		{"foreign nonce", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.NewUsername("alice"),
			stun.NewRealm("example.org"), stun.NewNonce("01234567890123456789"), integrity}},
		{"foreign nonce of RFC 8489", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.RawAttribute{Type: 0x001E, Value: make([]byte, 32)},
			stun.NewRealm("example.org"), stun.NewNonce("obMatJos2wAAA0123456789012345678"),
			stun.RawAttribute{Type: 0x8002, Value: []byte{0, 2, 0, 0}}, stun.RawAttribute{Type: 0x001D, Value: []byte{0, 2, 0, 0}},
			stun.RawAttribute{Type: 0x001C, Value: make([]byte, 32)}}},
		{"incomplete", []stun.Setter{stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.NewUsername("alice"), integrity}},
		{"unknown attribute", []stun.Setter{stun.BindingRequest, stun.RawAttribute{Type: 0x7FF0}}},
		{"unknown method", []stun.Setter{stun.NewType(0x0F, stun.ClassRequest)}},
	}
	for client, is := range map[string]string{"192.0.2.1:5000": "a stranger", "198.51.100.1:5000": "a denied client"} {
		for _, c := range cases {
			t.Run(c.name+" of "+is, func(t *testing.T) {
				m := stun.MustBuild(append([]stun.Setter{stun.TransactionID}, c.setters...)...)
				batch := []fastpath.Message{{Data: m.Raw, Client: netip.MustParseAddrPort(client)}}
				h.Control(w, batch)
				if got := testing.AllocsPerRun(1000, func() { h.Control(w, batch) }); got != 0 {
					t.Errorf("got %v allocations per message, want 0", got)
				}
			})
		}
	}
}
