//go:build e2e || soak

package e2e

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// streamClient is a TURN client on TCP or TLS that does one thing at a time and
// lets a test see every byte. It is not safe for concurrent use.
type streamClient struct {
	conn        net.Conn
	credentials client // for its messages; it has no socket
	relayed     netip.AddrPort
	pending     []packet // arrived while an answer was awaited
}

// newStreamClient connects alice to the server; with a TLS configuration by TLS.
func newStreamClient(t testing.TB, host *testnet.Namespace, server netip.AddrPort, secure *tls.Config) *streamClient {
	t.Helper()
	conn, err := host.DialContext(t.Context(), "tcp", server.String())
	if err != nil {
		t.Fatalf("connect to %s: %v", server, err)
	}
	if secure != nil {
		secured := tls.Client(conn, secure)
		if err := secured.HandshakeContext(t.Context()); err != nil {
			t.Fatalf("shake hands with %s: %v", server, err)
		}
		conn = secured
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &streamClient{conn: conn, credentials: client{user: alice}}
}

// write sends bytes as they are.
func (c *streamClient) write(t testing.TB, b []byte) {
	t.Helper()
	if err := c.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.conn.Write(b); err != nil {
		t.Fatalf("send %d bytes: %v", len(b), err)
	}
}

// ask performs an authenticated transaction and returns its answer.
func (c *streamClient) ask(t testing.TB, method stun.Method, attributes ...stun.Setter) *stun.Message {
	t.Helper()
	for range 3 {
		signed := c.credentials.nonce != ""
		request, err := c.credentials.build(method, signed, attributes)
		if err != nil {
			t.Fatal(err)
		}
		c.write(t, request.Raw)
		answer := c.await(t, request.TransactionID)
		if code := errorCode(answer); code == 401 && !signed || code == 438 {
			if err := c.credentials.adopt(answer); err != nil {
				t.Fatal(err)
			}
			continue
		}
		return answer
	}
	t.Fatalf("%s: challenged again and again", method)
	return nil
}

// await reads until the answer to a transaction; data that comes before is kept.
func (c *streamClient) await(t testing.TB, id [stun.TransactionIDSize]byte) *stun.Message {
	t.Helper()
	for {
		message, data, err := c.read(patience)
		switch {
		case err != nil:
			t.Fatalf("wait for an answer: %v", err)
		case data != nil:
			c.pending = append(c.pending, *data)
		case message.TransactionID == id:
			return message
		}
	}
}

// allocate makes an allocation with a channel to the peer, or ends the test.
func (c *streamClient) allocate(t testing.TB, channel uint16, peer netip.AddrPort) {
	t.Helper()
	attributes := []stun.Setter{transportUDP}
	if peer.Addr().Is6() {
		attributes = append(attributes, familyIPv6)
	}
	answer := c.ask(t, stun.MethodAllocate, attributes...)
	if code := errorCode(answer); code != 0 {
		t.Fatalf("Allocate: got error %d, want success", code)
	}
	var err error
	if c.relayed, err = addressIn(answer, stun.AttrXORRelayedAddress); err != nil {
		t.Fatal(err)
	}
	if code := errorCode(c.ask(t, stun.MethodChannelBind, channelNumber(channel), peerAddress(peer))); code != 0 {
		t.Fatalf("ChannelBind: got error %d, want success", code)
	}
}

// receive returns the next relayed data, or ends the test.
func (c *streamClient) receive(t testing.TB) packet {
	t.Helper()
	if len(c.pending) > 0 {
		first := c.pending[0]
		c.pending = c.pending[1:]
		return first
	}
	for {
		_, data, err := c.read(patience)
		if err != nil {
			t.Fatalf("receive: %v", err)
		}
		if data != nil {
			return *data
		}
	}
}

// read returns the next message, or relayed data. io.EOF and resets are errors.
func (c *streamClient) read(timeout time.Duration) (*stun.Message, *packet, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return nil, nil, err
	}
	frame := make([]byte, 4, 1500)
	if _, err := io.ReadFull(c.conn, frame); err != nil {
		return nil, nil, err
	}
	rest := int(binary.BigEndian.Uint16(frame[2:]))
	if frame[0]>>6 == 1 {
		rest = (rest + 3) &^ 3
	} else {
		rest += 16
	}
	frame = append(frame, make([]byte, rest)...)
	if _, err := io.ReadFull(c.conn, frame[4:]); err != nil {
		return nil, nil, err
	}
	message, data := decode(frame)
	if message == nil && data == nil {
		return nil, nil, fmt.Errorf("got %d bytes that are no message: % x…", len(frame), frame[:20])
	}
	return message, data, nil
}

// isClosed reports whether the server closes the connection in time; what it
// still sends before that is ignored.
func (c *streamClient) isClosed(timeout time.Duration) bool {
	_ = c.conn.SetReadDeadline(time.Now().Add(timeout))
	_, err := io.Copy(io.Discard, c.conn)
	netErr, ok := err.(net.Error)
	return !ok || !netErr.Timeout()
}

// streamData frames ChannelData for a stream, padded (RFC 8656 section 12.5).
func streamData(channel uint16, payload []byte) []byte {
	b := channelData(channel, payload)
	return append(b, make([]byte, (4-len(b)%4)%4)...)
}

// tcpOf is the connection below TLS, or the connection itself.
func tcpOf(conn net.Conn) *net.TCPConn {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return conn.(*net.TCPConn)
}
