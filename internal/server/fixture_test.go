package server_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// options are what a test may change before the server starts.
type options struct {
	listen           string
	listenAlso       []netip.AddrPort
	revocations      *authn.Revocations
	clients          *access.Gate
	events           *events.Bus
	workers          int
	auth             authn.Config
	nonceLifetime    time.Duration
	limiter          *authn.Limiter
	settings         server.Settings
	external         netip.Addr
	takesTCP         bool // beside UDP
	streams          relay.StreamConfig
	dtls             relay.DTLSConfig
	proxies          []netip.Prefix
	datagramProxies  []netip.Prefix
	limits           fastpath.StreamLimits
	discovery        []server.Discovery
	alternate        server.PickAlternate
	unserved         netip.AddrPort // one of discovery that has no listener
	minPort, maxPort uint16         // a narrow range lies below 32768: the kernel hands out ports above
	fleet            *fakeFleet
	tcpRelay         *tcprelay.Config // nil: off
	log              *zap.Logger
}

// fixture is a running server on loopback and one peer.
type fixture struct {
	server  *server.Server
	engine  *relay.Engine
	addr    netip.AddrPort // of the listener
	options options
	peer    netip.AddrPort // of peerConn
	conn    *net.UDPConn
}

// start runs a server until the end of the test.
func start(t *testing.T, change ...func(*options)) *fixture {
	t.Helper()
	o := options{
		listen:  "127.0.0.1:0",
		workers: 2,
		auth: authn.Config{
			Realm:   "example.org",
			Users:   []authn.User{{Name: "alice", Password: "wonderland"}, {Name: "bob", Password: "builder"}},
			Secrets: []authn.Secret{{Name: "one", Value: "first secret"}, {Name: "two", Value: "second secret"}},

			SecurityFeatures: true,
		},
		nonceLifetime: time.Minute,
		limiter:       authn.NewLimiter(0, 0),
		settings: server.Settings{
			Quota:      quota.Limits{},
			Allocation: allocation.DefaultConfig(),
			AllowPeers: []allocation.Rule{rule(t, "127.0.0.0/8"), rule(t, "::1")},
		},
		streams: relay.StreamConfig{HandshakeTimeout: answerTimeout, MaxUnauthenticated: 100, MaxUnauthenticatedPerSource: 100},
		limits: fastpath.StreamLimits{
			AuthenticationTimeout: time.Minute, UnauthenticatedBytes: 32 << 10, IdleTimeout: time.Minute, BacklogBytes: 256 << 10,
		},
		minPort: 49152,
		maxPort: 65535,
		log:     zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel)),
	}
	for _, f := range change {
		f(&o)
	}
	listen := freeAddress(t, o.listen)
	o.settings.Protected = []netip.AddrPort{listen}
	f := &fixture{options: o, addr: listen}
	f.run(t, listen)
	f.openPeer(t)
	return f
}

// run assembles the server as cmd/fairlead does and stops it after the test.
func (f *fixture) run(t *testing.T, listen netip.AddrPort) {
	t.Helper()
	o := f.options
	o.settings.Authenticator = authenticator(t, o.auth)
	buckets := bucket.NewArray(1 << 10)
	addresses, err := relay.NewLocalAddresses()
	if err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{
		Workers:        o.workers,
		Settings:       o.settings,
		Nonces:         authn.NewNonces(nil, o.nonceLifetime),
		Limiter:        o.limiter,
		MinPort:        o.minPort,
		MaxPort:        o.maxPort,
		Buckets:        buckets,
		Revocations:    o.revocations,
		Clients:        o.clients,
		Events:         o.events,
		OpenRelay:      relay.RelaySockets{}.Open,
		LocalAddresses: addresses.All,
		IsLocalAddress: addresses.Contains,
		Discovery:      o.discovery,
		Alternate:      o.alternate,
		Log:            o.log,
	}
	if o.tcpRelay != nil {
		o.tcpRelay.Buckets = buckets
		cfg.TCPRelay = tcprelay.New(*o.tcpRelay)
	}
	if o.fleet != nil {
		cfg.Fleet = o.fleet
	}
	listeners := append([]netip.AddrPort{listen}, o.listenAlso...)
	for _, d := range o.discovery {
		listeners = append(listeners, d.Listeners()...)
	}
	listeners = slices.DeleteFunc(listeners, func(addr netip.AddrPort) bool { return addr == o.unserved })
	if o.external.IsValid() {
		cfg.RelayAddresses = []server.RelayAddress{{Local: listen.Addr(), External: o.external}}
	}
	if f.server, err = server.New(cfg); err != nil {
		t.Fatal(err)
	}
	if o.takesTCP {
		o.streams.Listeners = []relay.StreamListener{{Address: listen, Proxies: o.proxies}}
	}
	f.engine, err = relay.Open(relay.Config{
		Workers:   o.workers,
		Listeners: listeners,
		Worker: func(id int) fastpath.Config {
			h := f.server.Handler(id)
			return fastpath.Config{
				ID: id, Control: h.Control, Tick: h.Tick, PeerAllowed: h.PeerAllowed, Buckets: buckets,
				Streams: o.limits, StreamClosed: h.StreamClosed, Arrived: h.Arrived, TCPRelay: o.tcpRelay != nil,
			}
		},
		Streams: o.streams,
		Proxies: map[netip.AddrPort][]netip.Prefix{listen: o.datagramProxies},
		DTLS:    o.dtls,
		Clients: o.clients,
		Aliases: f.server.Aliases(),
	}, o.log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		f.server.Close()
	})
}

// openPeer opens the peer's socket, in the family of the listener.
func (f *fixture) openPeer(t *testing.T) {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.addr.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	f.conn = conn
	f.peer = conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// sendToRelay sends a datagram from the peer.
func (f *fixture) sendToRelay(t *testing.T, relayed netip.AddrPort, payload []byte) {
	t.Helper()
	if _, err := f.conn.WriteToUDPAddrPort(payload, relayed); err != nil {
		t.Fatal(err)
	}
}

// receiveFromRelay waits for a datagram at the peer.
func (f *fixture) receiveFromRelay(t *testing.T) ([]byte, netip.AddrPort) {
	t.Helper()
	b := make([]byte, 65536)
	f.conn.SetReadDeadline(time.Now().Add(answerTimeout))
	n, from, err := f.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// wantNothingHeld ends what the test's clients left and checks that every
// port is back in its pool and no quota is held.
func (f *fixture) wantNothingHeld(t *testing.T) {
	t.Helper()
	stats := f.server.Stats()
	if stats.Quota.Live != 0 {
		t.Errorf("got %d allocations counted, want 0", stats.Quota.Live)
	}
	for _, p := range stats.Ports {
		if p.Free != p.Size {
			t.Errorf("relay address %s: got %d of %d ports free, want all", p.Address, p.Free, p.Size)
		}
	}
}

// wantDrops waits until so many datagrams are counted under a reason.
func (f *fixture) wantDrops(t *testing.T, reason fastpath.DropReason, want uint64) {
	t.Helper()
	var got uint64
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = 0
		for _, w := range f.engine.Workers() {
			got += w.Stats().Drops[reason]
		}
		if got == want {
			return
		}
	}
	t.Errorf("got %d drops for %s, want %d", got, reason, want)
}

// apply makes new settings take effect, as a reload does.
func (f *fixture) apply(t *testing.T, change func(*options)) {
	t.Helper()
	change(&f.options)
	settings := f.options.settings
	settings.Authenticator = authenticator(t, f.options.auth)
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	if err := f.server.Apply(ctx, settings, f.engine.Workers()); err != nil {
		t.Fatal(err)
	}
}

func authenticator(t *testing.T, cfg authn.Config) *authn.Authenticator {
	t.Helper()
	a, err := authn.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func rule(t *testing.T, text string) allocation.Rule {
	t.Helper()
	r, err := allocation.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// freeAddress fills in a port that no socket of UDP or TCP has at the moment.
func freeAddress(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	ip := netip.MustParseAddrPort(address).Addr()
	return netip.AddrPortFrom(ip, testnet.FreePort(t, ip.String()))
}
