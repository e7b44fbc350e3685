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

	"github.com/fairlead/fairlead/relay/fastpath"
)

// framed makes datagrams of a stream: a Read returns one frame, a Write pads one.
type framed struct {
	net.Conn
	r *bufio.Reader
}

func (f framed) Read(b []byte) (int, error) {
	if _, err := io.ReadFull(f.r, b[:4]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	size, total := 4+n, 4+(n+3)/4*4
	if b[0] < 0x40 {
		size, total = 20+n, 20+n
	}
	_, err := io.ReadFull(f.r, b[4:total])
	return size, err
}

func (f framed) Write(b []byte) (int, error) {
	padding := make([]byte, -len(b)&3)
	return f.Conn.Write(append(bytes.Clone(b), padding...))
}

// dialTCP is dial by TCP, or by TLS where it gets a configuration.
func dialTCP(t *testing.T, server netip.AddrPort, cfg *tls.Config, username, password string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", server.String())
	if err == nil && cfg != nil {
		secure := tls.Client(conn, cfg)
		conn, err = secure, secure.Handshake()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: framed{conn, bufio.NewReader(conn)}, server: server, username: username, password: password}
}

// relayBothWays takes a client through allocation, channel and indications, with
// payloads up to the longest.
func relayBothWays(t *testing.T, f *fixture, cl *client) {
	t.Helper()
	relayed := cl.allocate()
	relaySizes(t, f, cl, relayed, 0, 1, 2, 3, 4, 5, 160, 1200, 9000, 65000)
}

// relaySizes relays payloads of these sizes for a client with an allocation, by a
// channel and by indications.
func relaySizes(t *testing.T, f *fixture, cl *client, relayed netip.AddrPort, sizes ...int) {
	t.Helper()
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4ABC), peer(f.peer)), 0)
	stranger, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.peer.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	from := stranger.LocalAddr().(*net.UDPAddr).AddrPort()
	for _, size := range sizes {
		payload := randomBytes(size)
		cl.send(channelData(0x4ABC, payload))
		if got, from := f.receiveFromRelay(t); !bytes.Equal(got, payload) || from != relayed {
			t.Errorf("size %d by channel to peer: got %d bytes from %s, want the payload from %s", size, len(got), from, relayed)
		}
		f.sendToRelay(t, relayed, payload)
		if got, want := cl.receiveRaw(), channelData(0x4ABC, payload); !bytes.Equal(got, want) {
			t.Errorf("size %d by channel to client: got %d bytes % x…, want % x…", size, len(got), got[:4], want[:4])
		}
		cl.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peer(f.peer), raw(stun.AttrData, payload...)).Raw)
		if got, _ := f.receiveFromRelay(t); !bytes.Equal(got, payload) {
			t.Errorf("size %d by Send: got %d bytes, want the payload", size, len(got))
		}
		if _, err := stranger.WriteToUDPAddrPort(payload, relayed); err != nil {
			t.Fatal(err)
		}
		data := cl.receive()
		if text(data, stun.AttrData) != string(payload) || xorAddr(t, data, stun.AttrXORPeerAddress) != from {
			t.Errorf("size %d by Data: got %s, want the payload from %s", size, data, from)
		}
	}
}

func TestTCPCarriesBothWays(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(listen, func(t *testing.T) {
			f := start(t, func(o *options) { o.listen, o.takesTCP = listen, true })
			family := byte(1)
			if f.addr.Addr().Is6() {
				family = 2
			}
			cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
			answer := cl.do(stun.MethodAllocate, requestedTransport(17), requestedFamily(family))
			cl.wantCode(answer, 0)
			if got := xorAddr(t, answer, stun.AttrXORMappedAddress); got != cl.addr() {
				t.Errorf("got mapped address %s, want %s", got, cl.addr())
			}
			cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
			if family == 1 {
				relayBothWays(t, f, cl)
			}
		})
	}
}

// The allocation of a TCP client ends with its connection, and all it held with
// it.
func TestAllocationEndsWithItsConnection(t *testing.T) {
	f := start(t, func(o *options) { o.takesTCP = true })
	cl := dialTCP(t, f.addr, nil, "alice", "wonderland")
	cl.allocate()
	if got := f.server.Stats().Quota.Live; got != 1 {
		t.Fatalf("got %d allocations, want 1", got)
	}
	cl.conn.Close()
	deadline := time.Now().Add(answerTimeout)
	for f.server.Stats().Ended["disconnected"] == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if got := f.server.Stats().Ended["disconnected"]; got != 1 {
		t.Errorf("got %d allocations ended by their connection, want 1", got)
	}
	f.wantNothingHeld(t)
	var closed uint64
	for time.Now().Before(deadline) && closed == 0 {
		for _, w := range f.engine.Workers() {
			closed += w.Stats().StreamsClosed[fastpath.CloseClient]
		}
	}
	if closed != 1 {
		t.Errorf("got %d streams closed by their clients, want 1", closed)
	}
}
