package fastpath_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// clientHello is the record of a ClientHello with a random value that begins with a
// number.
func clientHello(number byte, sequence byte, cookie []byte) []byte {
	body := append([]byte{0xFE, 0xFD, number}, make([]byte, 31)...)
	body = append(body, 0)                                        // session ID
	body = append(append(body, byte(len(cookie))), cookie...)     //
	body = append(body, 0, 2, 0xC0, 0x2B, 1, 0)                   // suite, compression
	b := []byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, sequence, 0} // the number of record and message
	b = append(b, byte(len(body)+12))
	b = append(b, 1, 0, 0, byte(len(body)), 0, sequence, 0, 0, 0, 0, 0, byte(len(body)))
	return append(b, body...)
}

// sealedRecord is a record that nobody has sealed.
func sealedRecord(kind byte, rest ...byte) []byte {
	b := append([]byte{kind, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1}, rest...)
	return append(binary.BigEndian.AppendUint16(b, 40), make([]byte, 40)...)
}

// fakeHandshake takes what is delivered until it is full.
type fakeHandshake struct {
	mu       sync.Mutex
	taken    [][]byte // guarded by mu
	room     int      // guarded by mu
	released int      // guarded by mu
}

func (f *fakeHandshake) Deliver(b []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.room == 0 {
		return false
	}
	f.room--
	f.taken = append(f.taken, bytes.Clone(b))
	return true
}

func (f *fakeHandshake) Release() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.released++
	return 1
}

func (f *fakeHandshake) counts() (taken, released int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.taken), f.released
}

// dtlsScene is a worker with a client of DTLS whose handshake is a fake.
type dtlsScene struct {
	*fixture
	client *endpoint
	gate   *access.Gate
	bans   *access.Bans

	mu         sync.Mutex
	handshakes []*fakeHandshake      // those to come; guarded by mu
	begun      []fastpath.DTLSClient // guarded by mu
}

func newDTLSScene(t *testing.T, handshakes ...*fakeHandshake) *dtlsScene {
	t.Helper()
	bans, err := access.OpenBans(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &dtlsScene{client: newEndpoint(t, loopback4), gate: access.NewGate(bans), bans: bans, handshakes: handshakes}
	s.fixture = start(t, loopback4, fastpath.Config{Clients: s.gate, Streams: streamLimits, DTLS: fastpath.DTLS{
		Cookies: dtls.NewCookies(),
		Begin: func(_ *fastpath.Worker, c fastpath.DTLSClient) fastpath.Handshake {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.handshakes) == 0 {
				return nil
			}
			c.Hello = bytes.Clone(c.Hello)
			s.begun = append(s.begun, c)
			h := s.handshakes[0]
			s.handshakes = s.handshakes[1:]
			return h
		},
		Pass:    func(int, func(*fastpath.Worker)) error { return errors.New("no other worker") },
		Workers: 2,
	}})
	return s
}

// cookie asks for the cookie of a ClientHello.
func (s *dtlsScene) cookie(number byte) []byte {
	s.t.Helper()
	s.client.send(s.server, clientHello(number, 0, nil))
	answer, _ := s.client.receive()
	if !dtls.IsVerifyRequest(answer) {
		s.t.Fatalf("got % x, want a HelloVerifyRequest", answer)
	}
	return answer[len(answer)-dtls.CookieSize:]
}

// begin begins a handshake.
func (s *dtlsScene) begin(number byte) {
	s.t.Helper()
	s.client.send(s.server, clientHello(number, 1, s.cookie(number)))
}

// dtlsDrops reach each reason that has to do with DTLS.
var dtlsDrops = []struct {
	name   string
	reason fastpath.DropReason
	drop   func(s *dtlsScene)
}{
	{"data of a stranger", fastpath.DropDTLSStranger, func(s *dtlsScene) { s.client.send(s.server, sealedRecord(23)) }},
	{"unknown connection ID", fastpath.DropDTLSStranger, func(s *dtlsScene) { s.client.send(s.server, sealedRecord(25, make([]byte, 8)...)) }},
	{"connection ID of no worker", fastpath.DropDTLSStranger, func(s *dtlsScene) {
		s.client.send(s.server, sealedRecord(25, 9, 9, 9, 9, 9, 9, 9, 9))
	}},
	{"cut ClientHello", fastpath.DropDTLSRecord, func(s *dtlsScene) { s.client.send(s.server, clientHello(1, 0, nil)[:50]) }},
	{"cut record with connection ID", fastpath.DropDTLSRecord, func(s *dtlsScene) { s.client.send(s.server, sealedRecord(25, make([]byte, 8)...)[:15]) }},
	{"made-up cookie", fastpath.DropDTLSCookie, func(s *dtlsScene) { s.client.send(s.server, clientHello(1, 1, make([]byte, 20))) }},
	{"cookie of another ClientHello", fastpath.DropDTLSCookie, func(s *dtlsScene) { s.client.send(s.server, clientHello(2, 1, s.cookie(1))) }},
	{"cookie of another client", fastpath.DropDTLSCookie, func(s *dtlsScene) {
		newEndpoint(s.t, loopback4).send(s.server, clientHello(1, 1, s.cookie(1)))
	}},
	{"third ClientHello", fastpath.DropDTLSCookie, func(s *dtlsScene) { s.client.send(s.server, clientHello(1, 2, s.cookie(1))) }},
	{"too many handshakes", fastpath.DropDTLSHandshake, func(s *dtlsScene) { s.begin(1); s.begin(2) }},
	{"more than a handshake takes", fastpath.DropDTLSHandshake, func(s *dtlsScene) {
		s.begin(1)
		for range 3 {
			s.client.send(s.server, sealedRecord(22))
		}
	}},
	{"more data than can be kept", fastpath.DropDTLSHandshake, func(s *dtlsScene) {
		s.begin(1)
		for range 5 {
			s.client.send(s.server, sealedRecord(23))
		}
	}},
	{"other worker is behind", fastpath.DropDTLSPassing, func(s *dtlsScene) {
		s.client.send(s.server, sealedRecord(25, 0, 1, 0, 0, 0, 0, 0, 0))
	}},
	{"ClientHello of a denied client", fastpath.DropClientDenied, func(s *dtlsScene) {
		s.gate.SetLists(access.Lists{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		s.client.send(s.server, clientHello(1, 0, nil))
	}},
	{"cookie of a client that is banned by now", fastpath.DropClientBanned, func(s *dtlsScene) {
		cookie := s.cookie(1)
		if err := s.bans.Add(access.Ban{Prefix: netip.MustParsePrefix(loopback4 + "/32"), Until: time.Now().Add(time.Hour)}); err != nil {
			s.t.Fatal(err)
		}
		s.client.send(s.server, clientHello(1, 1, cookie))
	}},
	{"plain STUN", fastpath.DropPlain, func(s *dtlsScene) {
		s.on(func(w *fastpath.Worker) { w.OnlyDTLS(listenerID) })
		s.client.send(s.server, append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...))
	}},
}

func TestDTLSDrops(t *testing.T) {
	for _, test := range dtlsDrops {
		t.Run(test.name, func(t *testing.T) {
			s := newDTLSScene(t, &fakeHandshake{room: 2})
			test.drop(s)
			s.wantDrops(test.reason, 1)
			if got := total(s.worker.Stats().Drops); got != 1 {
				t.Errorf("got %d drops in all, want 1", got)
			}
		})
	}
}

// A client that repeats its ClientHello has one handshake; another ClientHello takes
// its place. One that has failed leaves nothing.
func TestHandshakeUnderWay(t *testing.T) {
	first, second := &fakeHandshake{room: 10}, &fakeHandshake{room: 10}
	s := newDTLSScene(t, first, second)
	hello := clientHello(1, 1, s.cookie(1))
	s.client.send(s.server, hello)
	s.client.send(s.server, hello)
	eventually(t, func() bool { taken, _ := first.counts(); return taken == 1 })
	s.begin(2)
	eventually(t, func() bool { _, released := first.counts(); return released == 1 })
	s.client.send(s.server, sealedRecord(22))
	eventually(t, func() bool { taken, _ := second.counts(); return taken == 1 })

	s.mu.Lock()
	begun := s.begun
	s.mu.Unlock()
	if len(begun) != 2 || begun[0].Client != s.client.addr || begun[0].Server != s.server || !bytes.Equal(begun[0].Hello, hello) {
		t.Fatalf("got %+v, want two handshakes of the client", begun)
	}
	s.on(func(w *fastpath.Worker) {
		w.SendHandshake(begun[0].ID, [][]byte{[]byte("of the first")}) // is over
		w.SendHandshake(begun[1].ID, [][]byte{[]byte("of the second"), []byte("and more")})
	})
	s.client.want(s.server, []byte("of the second"))
	s.client.want(s.server, []byte("and more"))
	s.on(func(w *fastpath.Worker) {
		w.AbandonDTLS(begun[0].ID)
		w.AbandonDTLS(begun[1].ID)
	})
	if _, released := second.counts(); released != 1 {
		t.Errorf("released %d times, want once", released)
	}
	settled := 0
	s.on(func(w *fastpath.Worker) {
		if _, err := w.EstablishDTLS(begun[1].ID, fastpath.DTLSResult{Settle: func() { settled++ }}); !errors.Is(err, fastpath.ErrNoHandshake) {
			t.Errorf("got error %v for a handshake that is over, want %v", err, fastpath.ErrNoHandshake)
		}
	})
	if settled != 1 {
		t.Errorf("settled %d times, want once", settled)
	}
	s.client.send(s.server, sealedRecord(22))
	s.wantDrops(fastpath.DropDTLSStranger, 1)
}

// Keys that no record can be opened with end a handshake.
func TestKeysOfNoUse(t *testing.T) {
	h := &fakeHandshake{room: 1}
	s := newDTLSScene(t, h)
	s.begin(1)
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.begun) == 1 })
	settled := false
	s.on(func(w *fastpath.Worker) {
		if _, err := w.EstablishDTLS(s.begun[0].ID, fastpath.DTLSResult{Settle: func() { settled = true }}); err == nil {
			t.Error("got no error for keys of an unknown suite, want one")
		}
	})
	if _, released := h.counts(); released != 1 || !settled {
		t.Errorf("released %d times, settled %v, want once and true", released, settled)
	}
}

// A client that goes on from another address may begin anew there. However many
// ClientHellos a datagram holds, there is one handshake for the address.
func TestHellosBehindARecordOfAMovedClient(t *testing.T) {
	first, second, third := &fakeHandshake{room: 1}, &fakeHandshake{room: 1}, &fakeHandshake{room: 1}
	s := newDTLSScene(t, first, second, third)
	s.begin(1)
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.begun) == 1 })
	cid := dtls.NewCID(0)
	s.on(func(w *fastpath.Worker) {
		keys := dtls.Keys{Suite: dtls.SuiteECDSAWithAES128, MasterSecret: make([]byte, 48), CID: cid, HasCID: true}
		if _, err := w.EstablishDTLS(s.begun[0].ID, fastpath.DTLSResult{Keys: keys}); err != nil {
			t.Fatal(err)
		}
	})
	s.client = newEndpoint(t, loopback4)
	datagram := sealedRecord(25, cid[:]...)
	for _, number := range []byte{2, 3} {
		datagram = append(datagram, clientHello(number, 1, s.cookie(number))...)
	}
	s.client.send(s.server, datagram)
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.begun) == 3 })
	if _, released := second.counts(); released != 1 {
		t.Errorf("the handshake of the former ClientHello was released %d times, want once", released)
	}
}
