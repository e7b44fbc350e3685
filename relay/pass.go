package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/pires/go-proxyproto"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/stream"
)

// Pass says which connections of a listener are none of TURN's but a backend's, so
// that a port can serve both: those of TLS whose client offers application protocols,
// none of them of STUN (RFC 7443), or asks for a name of the backend.
type Pass struct {
	To netip.AddrPort
	// ServerNames, in lower case, are the backend's whatever protocol is offered.
	ServerNames []string
	// HasHeader puts a header of the PROXY protocol, version 2, in front, which tells
	// the backend who the client is.
	HasHeader bool
}

// protocolSTUN begins the names of all application protocols of STUN (RFC 7443).
const protocolSTUN = "stun."

// takes reports whether a client is the backend's; ours are the application protocols
// that are answered here.
func (p *Pass) takes(hello stream.Hello, ours []string) bool {
	if hello.ServerName != "" && slices.Contains(p.ServerNames, hello.ServerName) {
		return true
	}
	isOurs := func(protocol string) bool {
		return strings.HasPrefix(protocol, protocolSTUN) || slices.Contains(ours, protocol)
	}
	return len(hello.Protocols) > 0 && !slices.ContainsFunc(hello.Protocols, isOurs)
}

// isPassed reads what a TLS client asks for and reports whether it is the backend's.
// What is no ClientHello is left to the handshake, which answers it.
func (a *acceptors) isPassed(l acceptor, conn *stream.Conn) bool {
	if l.pass == nil {
		return false
	}
	hello, err := conn.Hello()
	if err != nil {
		return false
	}
	var ours []string
	if cfg := a.tls.Load(); cfg != nil {
		ours = cfg.NextProtos
	}
	return l.pass.takes(hello, ours)
}

// pass connects a client to the backend and copies until both have ended. It closes
// the connection and settles its place. The zero client is the other end itself.
func (a *acceptors) pass(ctx context.Context, l acceptor, conn *stream.Conn, tcp *net.TCPConn, place *admission, client netip.AddrPort) {
	defer func() { _ = conn.Close() }()
	defer a.admissions.settle(place)
	if !client.IsValid() {
		client = addrOf(tcp.RemoteAddr())
	}
	source := sourceOf(client.Addr())
	if !a.passes.enter(source) {
		a.counts.passRefused.Add(1)
		return
	}
	defer a.passes.leave(source)
	a.admissions.settle(place) // it is no stranger to the backend's limits any more
	backend, err := a.dialBackend(ctx, l.pass, client, addrOf(tcp.LocalAddr()))
	if err != nil {
		a.counts.passFailed.Add(1)
		a.log.Warn("cannot pass a connection on: see that the backend of pass_to runs", zap.Stringer("backend", l.pass.To), logging.Err(err))
		return
	}
	defer func() { _ = backend.Close() }()
	first := conn.TakeBack()
	if _, err := backend.Write(first); err != nil {
		a.counts.passFailed.Add(1)
		return
	}
	a.counts.passed.Add(1)
	a.counts.passedBytes.toBackend.Add(uint64(len(first)))
	p := newPassage(tcp, backend, a.cfg.Load().PassedIdleTimeout, &a.counts.passedBytes)
	stop := context.AfterFunc(ctx, p.close)
	defer stop()
	p.run()
}

// dialBackend connects, and introduces the client if the backend wants that.
func (a *acceptors) dialBackend(ctx context.Context, pass *Pass, client, server netip.AddrPort) (*net.TCPConn, error) {
	cfg := a.cfg.Load()
	dialer := net.Dialer{Timeout: cfg.HandshakeTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", pass.To.String())
	if err != nil {
		return nil, err
	}
	backend := conn.(*net.TCPConn)
	_ = stream.Tune(backend, cfg.Socket) // what cannot be set costs its use only
	if pass.HasHeader {
		header := proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(server))
		if _, err := header.WriteTo(backend); err != nil {
			return nil, errors.Join(fmt.Errorf("send PROXY header: %w", err), backend.Close())
		}
	}
	return backend, nil
}

// passes bounds the connections that are passed on, in all and for each source.
type passes struct {
	mu             sync.Mutex
	perSource, all int                  // guarded by mu
	now            int                  // guarded by mu
	sources        map[netip.Prefix]int // guarded by mu
}

func newPasses(perSource, all int) *passes {
	return &passes{perSource: perSource, all: all, sources: make(map[netip.Prefix]int)}
}

// enter takes a place; false: there is none.
func (p *passes) enter(source netip.Prefix) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now >= p.all || p.sources[source] >= p.perSource {
		return false
	}
	p.now++
	p.sources[source]++
	return true
}

// leave gives a place back.
func (p *passes) leave(source netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now--
	if p.sources[source]--; p.sources[source] == 0 {
		delete(p.sources, source)
	}
}

// setBounds changes the bounds for those that come.
func (p *passes) setBounds(perSource, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.perSource, p.all = perSource, all
}

// current is how many are passed on now.
func (p *passes) current() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}
