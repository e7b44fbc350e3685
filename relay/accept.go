package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// acceptPause is how long a listening socket that gives errors is left alone:
// without descriptors, it would give them as fast as it is asked.
const acceptPause = 50 * time.Millisecond

// protocolACME is what an authority says that checks a name by tls-alpn-01 (RFC
// 8737 section 3).
const protocolACME = "acme-tls/1"

// accept takes connections from one listening socket until ctx is done.
func (a *acceptors) accept(ctx context.Context, l acceptor) {
	for {
		tcp, err := l.socket.AcceptTCP()
		switch {
		case err == nil:
			a.admit(ctx, l, tcp)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			a.noteFailedAccept(l, err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
		}
	}
}

func (a *acceptors) noteFailedAccept(l acceptor, err error) {
	a.counts.failedAccepts.Add(1)
	advice := "clients may be affected; see the error"
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		advice = "raise the limit of open files (LimitNOFILE, ulimit -n); each connection needs one, and each allocation one more"
	}
	a.log.Warn("cannot accept a connection", logging.Server(addrOf(l.socket.Addr())), zap.String("advice", advice), logging.Err(err))
}

// admit decides about an accepted connection. What has to wait for its client
// gets a goroutine.
func (a *acceptors) admit(ctx context.Context, l acceptor, tcp *net.TCPConn) {
	// Clients would have to name an interface; see wanted.
	if addrOf(tcp.LocalAddr()).Addr().IsLinkLocalUnicast() && addrOf(tcp.LocalAddr()).Addr().Is6() {
		_ = tcp.Close()
		return
	}
	client := addrOf(tcp.RemoteAddr())
	if l.isForProxies() {
		if !l.trusts(client.Addr()) {
			a.noteUntrusted(l, client)
			_ = tcp.Close()
			return
		}
		client = netip.AddrPort{} // known once the proxy has named it
	} else if !a.mayCome(client.Addr()) {
		_ = tcp.Close()
		return
	}
	place := a.admissions.admit(client.Addr(), func() { _ = tcp.Close() })
	if place == nil {
		_ = tcp.Close()
		return
	}
	// Options that cannot be set cost their use only, and a connection that is
	// over already shows itself later.
	_ = stream.Tune(tcp, a.cfg.Load().Socket)
	if a.tls.Load() == nil && !l.isForProxies() && l.pass == nil {
		a.handOver(stream.New(tcp), tcp, place, netip.AddrPort{})
		return
	}
	a.running.Go(func() { a.handshake(ctx, l, tcp, place) })
}

// mayCome reports whether an address may be a client's, and counts it if not.
func (a *acceptors) mayCome(client netip.Addr) bool {
	verdict := a.clients.Judge(client)
	if verdict == access.Admitted {
		return true
	}
	a.counts.turnedAway[verdict].Add(1)
	return false
}

// handshake finds out who a client is and what it speaks, and makes it TLS if
// that is it, or passes it on to the backend that it wants.
func (a *acceptors) handshake(running context.Context, l acceptor, tcp *net.TCPConn, place *admission) {
	ctx, cancel := context.WithTimeout(running, a.cfg.Load().HandshakeTimeout)
	defer cancel()
	conn := stream.New(tcp)
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	client, err := a.introduce(l, conn, tcp, place)
	isPassed := false
	if err == nil {
		isPassed, err = a.secure(ctx, l, conn)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil && isPassed {
		a.pass(running, l, conn, tcp, place, client)
		return
	}
	if err == nil && conn.Protocol() == protocolACME {
		_ = conn.Close() // the certificate was all there was to see
		a.admissions.settle(place)
		return
	}
	if err != nil {
		_ = conn.Close()
		a.admissions.settle(place)
		return
	}
	a.handOver(conn, tcp, place, client)
}

// secure makes the connection one of TLS if that is what the client speaks, unless it
// is a backend's.
func (a *acceptors) secure(ctx context.Context, l acceptor, conn *stream.Conn) (isPassed bool, err error) {
	isTLS, cfg := l.isTLS, a.tls.Load()
	if l.pass != nil || !isTLS && cfg != nil {
		isTLS, err = conn.IsTLS()
	}
	if err == nil && isTLS && a.isPassed(l, conn) {
		return true, nil
	}
	switch {
	case err != nil:
	case isTLS && cfg == nil:
		err = errNoCertificate
	case isTLS || l.isTLS:
		err = conn.Handshake(ctx, cfg)
	}
	if err != nil {
		a.counts.failedHandshakes.Add(1)
	}
	return false, err
}

// handOver gives a connection to the worker that its client belongs to. The zero
// client is the one at the other end; another one was named by a proxy.
func (a *acceptors) handOver(conn *stream.Conn, tcp *net.TCPConn, place *admission, client netip.AddrPort) {
	settle := func() { a.admissions.settle(place) }
	s := fastpath.Stream{Conn: conn, Client: addrOf(tcp.RemoteAddr()), Server: addrOf(tcp.LocalAddr()), Settle: settle}
	if client.IsValid() {
		s.Client = client
	}
	if err := conn.Detach(); err != nil { // it is closed
		settle()
		return
	}
	accepted := &a.counts.acceptedTCP
	if conn.IsSecure() {
		accepted = &a.counts.acceptedTLS
	}
	worker := a.workers[WorkerOf(s.Client, len(a.workers))]
	err := worker.Post(func(w *fastpath.Worker) {
		id, err := w.AddStream(s)
		if err != nil {
			return // closed and settled; there is no descriptor more to watch
		}
		evict := func() { _ = worker.Post(func(w *fastpath.Worker) { w.EvictStream(id) }) }
		if !a.admissions.recut(place, evict) {
			w.EvictStream(id)
		}
	})
	if err != nil { // it stops, or is over its head in work
		_ = conn.Close()
		settle()
		return
	}
	accepted.Add(1)
}
