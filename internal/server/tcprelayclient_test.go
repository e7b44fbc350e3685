package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/relay/tcprelay"
)

// startTCPRelay runs a server that relays TCP.
func startTCPRelay(t *testing.T, change ...func(*options)) *fixture {
	t.Helper()
	return start(t, append([]func(*options){func(o *options) {
		o.takesTCP = true
		o.tcpRelay = &tcprelay.Config{ConnectTimeout: answerTimeout, BindTimeout: time.Minute}
	}}, change...)...)
}

// allocateTCP makes a TCP allocation and returns its relayed transport address.
func (c *client) allocateTCP(attrs ...stun.Setter) netip.AddrPort {
	c.t.Helper()
	answer := c.do(stun.MethodAllocate, append([]stun.Setter{requestedTransport(6)}, attrs...)...)
	c.wantCode(answer, 0)
	return xorAddr(c.t, answer, stun.AttrXORRelayedAddress)
}

// connectTo connects to a peer and returns the number of the connection.
func (c *client) connectTo(addr netip.AddrPort) uint32 {
	c.t.Helper()
	answer := c.do(stun.MethodConnect, peer(addr))
	c.wantCode(answer, 0)
	return connectionIDOf(c.t, answer)
}

// attempted waits for a ConnectionAttempt indication.
func (c *client) attempted() (id uint32, from netip.AddrPort) {
	c.t.Helper()
	m := c.receive()
	if want := stun.NewType(stun.MethodConnectionAttempt, stun.ClassIndication); m.Type != want {
		c.t.Fatalf("got %s, want a ConnectionAttempt indication", m)
	}
	return connectionIDOf(c.t, m), xorAddr(c.t, m, stun.AttrXORPeerAddress)
}

func connectionIDOf(t *testing.T, m *stun.Message) uint32 {
	t.Helper()
	value, err := m.Get(stun.AttrConnectionID)
	if err != nil || len(value) != 4 {
		t.Fatalf("got CONNECTION-ID % x, %v, want four bytes", value, err)
	}
	return binary.BigEndian.Uint32(value)
}

func connectionID(id uint32) stun.Setter {
	return raw(stun.AttrConnectionID, binary.BigEndian.AppendUint32(nil, id)...)
}

// dataClient opens another connection of the same user, which uses the nonce of the
// control connection.
func (c *client) dataClient(cfg *tls.Config) *client {
	c.t.Helper()
	d := dialTCP(c.t, c.server, cfg, c.username, c.password)
	d.realm, d.nonce = c.realm, c.nonce
	return d
}

// bind makes a data connection, with bytes that follow the request in one write.
func (c *client) bind(cfg *tls.Config, id uint32, behind []byte) dataConn {
	c.t.Helper()
	d := c.dataClient(cfg)
	request := d.signed(stun.MethodConnectionBind, connectionID(id))
	if _, err := d.conn.(framed).Conn.Write(append(bytes.Clone(request.Raw), behind...)); err != nil {
		c.t.Fatal(err)
	}
	return d.bound(request)
}

// bound waits for the success answer, from which on the connection carries data.
func (c *client) bound(request *stun.Message) dataConn {
	c.t.Helper()
	answer := c.receive()
	if answer.TransactionID != request.TransactionID {
		c.t.Fatalf("got %s, want the answer to the ConnectionBind", answer)
	}
	c.wantCode(answer, 0)
	if err := stun.NewLongTermIntegrity(c.username, c.realm, c.password).Check(answer); err != nil {
		c.t.Errorf("ConnectionBind answer: got integrity error %v, want a signed answer", err)
	}
	f := c.conn.(framed)
	f.SetDeadline(time.Now().Add(answerTimeout))
	return dataConn(f)
}

// dataConn is a client data connection.
type dataConn struct {
	net.Conn
	r *bufio.Reader
}

func (d dataConn) Read(b []byte) (int, error) { return d.r.Read(b) }

// listenPeer opens a TCP peer in the family of an address.
func listenPeer(t *testing.T, addr netip.Addr) (*net.TCPListener, netip.AddrPort) {
	t.Helper()
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort()
}

func acceptPeer(t *testing.T, l *net.TCPListener) *net.TCPConn {
	t.Helper()
	l.SetDeadline(time.Now().Add(answerTimeout))
	conn, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(answerTimeout))
	return conn
}

// dialPeer connects a peer to a relayed transport address.
func dialPeer(t *testing.T, relayed netip.AddrPort) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(relayed))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(answerTimeout))
	return conn
}

// wantFlow sends payload one way and wants it at the other end.
func wantFlow(t *testing.T, from, to net.Conn, payload []byte) {
	t.Helper()
	go from.Write(payload)
	wantNext(t, to, payload)
}

// wantNext wants these bytes next.
func wantNext(t *testing.T, to io.Reader, payload []byte) {
	t.Helper()
	got := make([]byte, len(payload))
	if n, err := io.ReadFull(to, got); err != nil || !bytes.Equal(got, payload) {
		t.Fatalf("got %d bytes and error %v, want %d bytes as they were sent", n, err, len(payload))
	}
}

// wantOver wants the end of a connection, with nothing before it.
func wantOver(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	n, err := conn.Read(make([]byte, 1))
	if e, ok := err.(net.Error); n > 0 || err == nil || ok && e.Timeout() {
		t.Errorf("%s: got %d bytes and error %v, want the end of the connection", what, n, err)
	}
}

// wantTCP waits for a state of the TCP relay.
func (f *fixture) wantTCP(t *testing.T, what string, reached func(tcprelay.Stats) bool) {
	t.Helper()
	for deadline := time.Now().Add(answerTimeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if reached(f.server.Stats().TCPRelay) {
			return
		}
	}
	t.Errorf("got %+v, want %s", f.server.Stats().TCPRelay, what)
}
