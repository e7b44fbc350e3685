package tcprelay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
)

// acceptPause is how long a listening socket that gives errors is left alone:
// without descriptors, it would give them as fast as it is asked.
const acceptPause = 50 * time.Millisecond

// rejectPause is how long it is left alone after a peer that had no business there:
// each costs the worker of the allocation a decision, and others need it, too.
const rejectPause = time.Millisecond

// Listener is an open relayed transport address. Connections of peers wait in the
// kernel until it is started.
type Listener struct {
	socket *net.TCPListener
	addr   netip.AddrPort
}

// Listen opens a relayed transport address. The cause of an error stays visible to
// errors.Is: syscall.EADDRINUSE for a port that somebody has, EMFILE or ENFILE when
// descriptors are exhausted.
func (r *Relay) Listen(local netip.AddrPort) (*Listener, error) {
	l, err := listen(local)
	if err != nil {
		return nil, fmt.Errorf("open relayed transport address %s: %w", local, err)
	}
	return &Listener{socket: l, addr: addrOf(l.Addr())}, nil
}

// listen shares the address only when it has it: a socket that is ready to share
// before would get one where another listens, and half of that one's peers.
func listen(local netip.AddrPort) (*net.TCPListener, error) {
	var cfg net.ListenConfig
	cfg.SetMultipathTCP(false) // its sockets do not share ports with those of Connect
	l, err := cfg.Listen(context.Background(), networkOf(local), local.String())
	if err != nil {
		return nil, err
	}
	socket := l.(*net.TCPListener)
	raw, err := socket.SyscallConn()
	if err == nil {
		err = share("", "", raw)
	}
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// Addr is the relayed transport address.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Close gives the address up. Again, it does nothing.
func (l *Listener) Close() { _ = l.socket.Close() }

// share lets sockets have a relayed transport address together: the listening one
// and those that connect from it (RFC 6062 section 5.2).
func share(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = shareAddress(int(fd)) })
	return errors.Join(err, failed)
}

// accept offers each connection of a peer until the allocation ends: one after the
// other, so that a flood of them waits in the kernel and is bounded there.
func (a *Allocation) accept() {
	for {
		pause := acceptPause
		conn, err := a.listener.socket.AcceptTCP()
		switch {
		case err == nil && a.arrive(conn):
			continue
		case err == nil:
			pause = rejectPause
		case errors.Is(err, net.ErrClosed):
			return
		}
		select {
		case <-a.done:
		case <-time.After(pause):
		}
	}
}

// arrive asks whether the connection of a peer may stay, and closes it if not (RFC
// 6062 section 5.3).
func (a *Allocation) arrive(conn *net.TCPConn) (stays bool) {
	c := &connection{allocation: a, peer: addrOf(conn.RemoteAddr())}
	a.offer(c.peer, func() (uint32, error) {
		// Options that cannot be set cost their use only.
		_ = stream.Tune(conn, a.relay.cfg.Socket)
		id, err := a.relay.enterConnected(c, conn)
		stays = err == nil
		return id, err
	})
	if !stays {
		a.relay.counts.rejected.Add(1)
		_ = conn.Close()
	}
	return stays
}

// dial connects from the allocation's relayed transport address to a peer.
func (a *Allocation) dial(ctx context.Context, peer netip.AddrPort) (*net.TCPConn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(a.listener.addr), Control: share}
	d.SetMultipathTCP(false)
	conn, err := d.DialContext(ctx, networkOf(peer), peer.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	tcp := conn.(*net.TCPConn)
	_ = stream.Tune(tcp, a.relay.cfg.Socket)
	return tcp, nil
}

func networkOf(addr netip.AddrPort) string {
	if addr.Addr().Is4() {
		return "tcp4"
	}
	return "tcp6"
}

// addrOf is the address of one end of a TCP connection, without zone.
func addrOf(addr net.Addr) netip.AddrPort {
	ap := addr.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
