package tcprelay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/testnet"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// A connection to a peer leaves from the relayed transport address, and carries what
// either side sends: also what the peer sent before there was a client, and what the
// client sent behind its request. The answer comes before all else.
func TestConnectAndBind(t *testing.T) {
	for _, local := range []netip.AddrPort{loopback, netip.MustParseAddrPort("[::1]:0")} {
		t.Run(local.String(), func(t *testing.T) {
			f := start(t)
			a, addr := f.allocate(local, alice, tcprelay.Limits{})
			l, at := f.peer(local)
			id, err := f.connect(a, at)
			if err != nil {
				t.Fatal(err)
			}
			peer, err := l.AcceptTCP()
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			peer.SetDeadline(time.Now().Add(patience))
			if got := peer.RemoteAddr().(*net.TCPAddr).AddrPort(); got != addr {
				t.Errorf("the peer sees %s, want the relayed transport address %s", got, addr)
			}
			early, late := randomBytes(300_000), randomBytes(70_000)
			go peer.Write(early)
			client := f.bind(id, late, []byte("answer"))
			wantBytes(t, client, append([]byte("answer"), early...))
			wantBytes(t, peer, late)
			for range 10 {
				payload := randomBytes(100_000)
				go client.Write(payload)
				wantBytes(t, peer, payload)
				go peer.Write(payload)
				wantBytes(t, client, payload)
			}
			toPeer, toClient := a.Traffic()
			if toPeer != 70_000+1_000_000 || toClient != 300_000+1_000_000 {
				t.Errorf("got %d bytes to the peer and %d to the client counted, want 1070000 and 1300000", toPeer, toClient)
			}
			if toPeer, toClient = a.Traffic(); toPeer != 0 || toClient != 0 {
				t.Errorf("counted again: got %d and %d, want 0", toPeer, toClient)
			}
		})
	}
}

// A peer connects to the relayed transport address while connections from there
// exist.
func TestPeerConnects(t *testing.T) {
	f := start(t)
	f.joined()
	peer, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(f.addr))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	peer.SetDeadline(time.Now().Add(patience))
	offer := <-f.offers
	if want := peer.LocalAddr().(*net.TCPAddr).AddrPort(); offer.peer != want || offer.err != nil {
		t.Fatalf("got offer %+v, want one of %s", offer, want)
	}
	write(t, peer, []byte("early"))
	if got, ok := f.relay.Control(offer.id); !ok || got != alice.Control {
		t.Errorf("got control connection %s, %v, want %s", got, ok, alice.Control)
	}
	client := f.bind(offer.id, nil, nil)
	wantBytes(t, client, []byte("early"))
	write(t, client, []byte("late"))
	wantBytes(t, peer, []byte("late"))
	if _, ok := f.relay.Control(offer.id); ok {
		t.Error("a connection that has its client is still told of, want it forgotten")
	}
	if got := f.relay.Stats(); got.Bound != 2 || got.Unbound != 0 || got.Accepted != 1 || got.Connected != 1 {
		t.Errorf("got %+v, want two pairs of connections", got)
	}
}

// A TLS client gets and sends the same bytes, and is told goodbye.
func TestTLSClient(t *testing.T) {
	f := start(t)
	l, _ := f.peer(loopback)
	id, peer := f.mustConnect(l)
	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "turn.test")
	own, err := tls.X509KeyPair(certificate.Certificate, certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	plain, server := f.tcpPair()
	client := tls.Client(plain, &tls.Config{RootCAs: certificate.Pool, ServerName: "turn.test"})
	conn := stream.New(server)
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	if err := conn.Handshake(context.Background(), &tls.Config{Certificates: []tls.Certificate{own}}); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	if err := conn.Detach(); err != nil {
		t.Fatal(err)
	}
	// What the worker sent and the kernel did not take goes first.
	unsent := randomBytes(64 << 10)
	sent := 0
	for !conn.Unsent() {
		n, open := conn.Send(unsent)
		if !open {
			t.Fatal("the connection ended")
		}
		sent += n
	}
	binding, err := f.relay.Bind(id, alice.User)
	if err != nil {
		t.Fatal(err)
	}
	binding.Run(conn, []byte("in"), []byte("out"))
	wantBytes(t, client, append(bytes.Repeat(unsent, sent/len(unsent)), unsent[:sent%len(unsent)]...))
	wantBytes(t, client, []byte("out"))
	wantBytes(t, peer, []byte("in"))
	payload := randomBytes(1 << 20)
	go client.Write(payload)
	wantBytes(t, peer, payload)
	go peer.Write(payload)
	wantBytes(t, client, payload)
	peer.CloseWrite()
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("got %d bytes and error %v, want the goodbye of TLS", n, err)
	}
	client.Close()
	wantEnd(t, peer)
	f.wantNothing()
}
