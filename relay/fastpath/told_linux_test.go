//go:build !portable

package fastpath_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// tellClients is a worker that tells clients of ICMP errors.
var tellClients = fastpath.Config{ICMPIndications: true}

// parseICMP takes a Data indication with an ICMP attribute apart.
func parseICMP(t *testing.T, b []byte) (peer netip.AddrPort, icmp wire.ICMP) {
	t.Helper()
	var m wire.Message
	if r := m.Walk(b); r != wire.OK || m.Method != wire.MethodData || m.Class != wire.ClassIndication {
		t.Fatalf("got % x, want a Data indication", b[:min(len(b), 64)])
	}
	peer, _, err := m.XORPeerAddress()
	if err != nil {
		t.Fatal(err)
	}
	icmp, present, err := m.ICMP()
	if err != nil || !present || m.Has(wire.AttrData) {
		t.Fatalf("got an indication with ICMP %t, error %v, DATA %t", present, err, m.Has(wire.AttrData))
	}
	return peer, icmp
}

// RFC 8656 section 11.5: a closed port at the peer is told, with its address, for
// channels and for Send indications.
func TestClientIsTold(t *testing.T) {
	for ip, want := range map[string]wire.ICMP{
		loopback4: {Type: 3, Code: 3}, // port unreachable, RFC 792
		loopback6: {Type: 1, Code: 4}, // port unreachable, RFC 4443
	} {
		t.Run(ip, func(t *testing.T) {
			f := start(t, ip, tellClients)
			client, dead := newEndpoint(t, ip), closedPort(t, ip)
			a := f.publish(client.addr, ip)
			f.bind(a, 0x4002, dead)
			for _, message := range [][]byte{channelData(0x4002, []byte("hello")), sendIndication(dead, []byte("hello"))} {
				client.send(f.server, message)
				got, from := client.receive()
				if peer, icmp := parseICMP(t, got); peer != dead || icmp != want || from != f.server {
					t.Errorf("got ICMP %+v for %s from %s, want %+v for %s", icmp, peer, from, want, dead)
				}
			}
			eventually(t, func() bool { return f.worker.Stats().NoticesTold == 2 })
		})
	}
}

// Peers and clients may be of different families: the type is that of the relay's
// side.
func TestClientIsToldAcrossFamilies(t *testing.T) {
	f := start(t, loopback4, tellClients)
	client, dead := newEndpoint(t, loopback4), closedPort(t, loopback6)
	a := f.publish(client.addr, loopback6)
	f.permit(a, dead.Addr())
	client.send(f.server, sendIndication(dead, []byte("hello")))
	got, _ := client.receive()
	if peer, icmp := parseICMP(t, got); peer != dead || icmp != (wire.ICMP{Type: 1, Code: 4}) {
		t.Errorf("got ICMP %+v for %s, want type 1, code 4 for %s", icmp, peer, dead)
	}
}

// A peer behind an alias is shown by it.
func TestClientIsToldTheAlias(t *testing.T) {
	f := start(t, loopback4, tellClients)
	client, dead := newEndpoint(t, loopback4), closedPort(t, loopback4)
	external := netip.MustParseAddr("203.0.113.7")
	f.on(func(w *fastpath.Worker) {
		w.SetAliases([]fastpath.Alias{{External: external, Local: dead.Addr()}})
	})
	a := f.publish(client.addr, loopback4)
	f.permit(a, external)
	named := netip.AddrPortFrom(external, dead.Port())
	client.send(f.server, sendIndication(named, []byte("hello")))
	got, _ := client.receive()
	if peer, _ := parseICMP(t, got); peer != named {
		t.Errorf("got an error of %s, want %s", peer, named)
	}
}

// An error that comes when the permission is gone is not told; nor is one when
// the worker was not asked to.
func TestTheUnpermittedIsNotTold(t *testing.T) {
	for name, cfg := range map[string]fastpath.Config{"revoked": tellClients, "off": {}} {
		t.Run(name, func(t *testing.T) {
			f := start(t, loopback4, cfg)
			client, dead := newEndpoint(t, loopback4), closedPort(t, loopback4)
			a := f.publish(client.addr, loopback4)
			f.permit(a, dead.Addr())
			// In one round the datagram leaves and the permission goes, before the
			// error is read.
			f.holdBatch(func() {
				client.send(f.server, sendIndication(dead, []byte("hello")))
				if name == "revoked" {
					if err := f.worker.Post(func(w *fastpath.Worker) { w.Revoke(a.id, dead.Addr()) }); err != nil {
						t.Fatal(err)
					}
				}
			})
			eventually(t, func() bool { return f.worker.Stats().Notices > 0 })
			if got := f.worker.Stats().NoticesTold; got != 0 {
				t.Errorf("got %d errors told, want none", got)
			}
		})
	}
}

// A peer that answers everything with errors cannot make the server flood its
// client.
func TestTellingIsLimited(t *testing.T) {
	f := start(t, loopback4, tellClients)
	client, dead := newEndpoint(t, loopback4), closedPort(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.bind(a, 0x4002, dead)
	const packets = 300
	began := time.Now()
	for i := range packets {
		client.send(f.server, channelData(0x4002, []byte("hello")))
		eventually(t, func() bool { return f.worker.Stats().Notices > uint64(i) })
	}
	told, most := f.worker.Stats().NoticesTold, 16+uint64(time.Since(began)/(100*time.Millisecond))+1
	if told < 16 || told > most {
		t.Errorf("got %d of %d errors told, want 16 to %d", told, packets, most)
	}
	if drops := total(f.worker.Stats().Drops); drops != 0 {
		t.Errorf("got %d drops, want none", drops)
	}
}
