//go:build soak

package e2e

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestSpoofedDTLSFlood sends a hundred thousand ClientHellos, each from an address
// of its own that never brings a cookie back, and half of them with a made-up one.
// The server may not remember them, real clients go on, and a new one gets in.
func TestSpoofedDTLSFlood(t *testing.T) {
	const (
		sources    = 100_000
		batch      = 1_000 // between two packets of a real client
		mostGrowth = 10_000_000
	)
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	real := newClientV4(t, n)
	real.allocate(t)
	real.bind(t, 0x4000, peer.Addr)
	exchange(t, real, ways[1], peer.Addr, payloads(t, 1472)[:500])
	first := dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, secure) // what DTLS needs at all is there

	flood := newCrowd(t, n)
	before := s.Usage(t)
	t.Logf("at the start: %+v", before)
	for i := range sources {
		flood.send(t, member(i), clientHello(uint32(i), i%2 == 1))
		if i%batch == batch-1 {
			exchange(t, real, ways[1], peer.Addr, [][]byte{[]byte("still here")})
		}
	}
	newcomer := dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, secure)

	after := s.Usage(t)
	t.Logf("after %d sources: %+v", sources, after)
	if growth := after.ResidentBytes - before.ResidentBytes; growth >= mostGrowth {
		t.Errorf("resident memory after %d spoofed handshakes: grew by %d bytes, want less than %d", sources, growth, mostGrowth)
	}
	if asked := s.metric(t, "fairlead_dtls_hello_verifies_total"); asked < sources*9/20 {
		t.Errorf("strangers that were asked for a cookie: got %v, want nearly %d", asked, sources/2)
	}
	if refused := s.metric(t, "fairlead_dropped_packets_total", `reason="dtls_cookie"`); refused < sources*9/20 {
		t.Errorf("cookies that were refused: got %v, want nearly %d", refused, sources/2)
	}
	if got := s.metric(t, "fairlead_dtls_handshakes_total", `result="completed"`); got != 2 {
		t.Errorf("handshakes: got %v, want those of 2 real clients", got)
	}
	_, _ = first.Close(), newcomer.Close()
	s.check(t)
	s.Stop(t)
}

// TestUnfinishedDTLSHandshakes begins 4,000 handshakes from as many addresses that are
// real, and finishes none. What they cost is bounded, and the next client comes in.
func TestUnfinishedDTLSHandshakes(t *testing.T) {
	const (
		clients   = 4000
		mostBytes = 100_000
	)
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig(), "STREAMS_HANDSHAKE_TIMEOUT=30s")
	_ = dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, secure).Close() // what DTLS needs at all is there
	before := s.Usage(t)
	strangers := newCrowd(t, n)
	for i := range clients {
		strangers.send(t, member(i), helloWith(uint32(i), nil))
		for {
			answer, to, ok := strangers.receive(t, patience)
			if !ok {
				t.Fatalf("stranger %d: no HelloVerifyRequest", i)
			}
			if to == member(i) && answer[13] == 3 { // HelloVerifyRequest; not what others get
				strangers.send(t, member(i), helloWith(uint32(i), answer[len(answer)-20:]))
				break
			}
		}
	}
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_dtls_unauthenticated") >= clients*9/10 }, "the handshakes have begun")
	after := s.Usage(t)
	each := (after.ResidentBytes - before.ResidentBytes) / clients
	t.Logf("%v unfinished handshakes: from %+v to %+v, %d bytes each", s.metric(t, "fairlead_dtls_unauthenticated"), before, after, each)
	if each >= mostBytes {
		t.Errorf("resident memory of an unfinished handshake: got %d bytes, want less than %d", each, mostBytes)
	}
	_ = dialDTLS(t, n.Clients, testnet.ClientV4, serverV4, secure).Close()
	testnet.Await(t, time.Minute, func() bool { return s.metric(t, "fairlead_dtls_unauthenticated") == 0 }, "all strangers are gone")
	s.check(t)
}

// clientHello is a ClientHello of DTLS 1.2 with a random value that begins with a
// number; as the second one of a client it has a cookie, which is made up.
func clientHello(number uint32, isSecond bool) []byte {
	if isSecond {
		return helloWith(number, make([]byte, 20))
	}
	return helloWith(number, nil)
}

// helloWith is clientHello with a cookie, if there is one.
func helloWith(number uint32, cookie []byte) []byte {
	isSecond := len(cookie) > 0
	body := append([]byte{0xFE, 0xFD}, make([]byte, 32)...)
	binary.BigEndian.PutUint32(body[2:], number)
	body = append(body, 0) // session ID
	body = append(append(body, byte(len(cookie))), cookie...)
	body = append(body, 0, 2, 0xC0, 0x2B, 1, 0) // suite, compression
	extensions := []byte{
		0, 10, 0, 4, 0, 2, 0, 29, // supported groups
		0, 11, 0, 2, 1, 0, // point formats
		0, 13, 0, 4, 0, 2, 4, 3, // signature algorithms
	}
	body = append(binary.BigEndian.AppendUint16(body, uint16(len(extensions))), extensions...)
	var second byte
	if isSecond {
		second = 1
	}
	b := []byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, second}
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+12))
	b = append(b, 1, 0, 0, byte(len(body)), 0, second, 0, 0, 0, 0, 0, byte(len(body)))
	return append(b, body...)
}
