package server_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/testnet"
)

// Attributes of RFC 5780, by number, so that a wrong one here and there cannot
// hide.
const (
	attrChangeRequest  stun.AttrType = 0x0003
	attrPadding        stun.AttrType = 0x0026
	attrResponsePort   stun.AttrType = 0x0027
	attrResponseOrigin stun.AttrType = 0x802B
	attrOtherAddress   stun.AttrType = 0x802C
)

// discovering is a server with NAT behaviour discovery on two loopback
// addresses. The ports are free at the moment.
func discovering(t *testing.T, listen string, addresses [2]string, change ...func(*options)) (*fixture, server.Discovery) {
	t.Helper()
	d := server.Discovery{Addresses: [2]netip.Addr{netip.MustParseAddr(addresses[0]), netip.MustParseAddr(addresses[1])}}
	for d.Ports[0] == d.Ports[1] {
		d.Ports = [2]uint16{testnet.FreePort(t, addresses[:]...), testnet.FreePort(t, addresses[:]...)}
	}
	change = append([]func(*options){func(o *options) {
		o.listen = listen
		o.workers = 4
		o.discovery = []server.Discovery{d}
	}}, change...)
	return start(t, change...), d
}

// asker is a client that takes answers from anywhere.
type asker struct {
	t    *testing.T
	conn *net.UDPConn
	addr netip.AddrPort
}

func newAsker(t *testing.T, ip netip.Addr) *asker {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &asker{t, conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

func (a *asker) send(to netip.AddrPort, m *stun.Message) {
	a.t.Helper()
	if _, err := a.conn.WriteToUDPAddrPort(m.Raw, to); err != nil {
		a.t.Fatal(err)
	}
}

// receive waits for the answer to a message and says where it came from.
func (a *asker) receive(request *stun.Message) (*stun.Message, netip.AddrPort) {
	a.t.Helper()
	b := make([]byte, 65536)
	for {
		a.conn.SetReadDeadline(time.Now().Add(answerTimeout))
		n, from, err := a.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			a.t.Fatal(err)
		}
		m := &stun.Message{Raw: b[:n]}
		if err := m.Decode(); err != nil {
			a.t.Fatal(err)
		}
		if m.TransactionID == request.TransactionID {
			return m, netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		}
	}
}

func plainAddr(t *testing.T, m *stun.Message, attr stun.AttrType) netip.AddrPort {
	t.Helper()
	var addr stun.MappedAddress
	if err := addr.GetFromAs(m, attr); err != nil {
		t.Fatalf("read %s: %v", attr, err)
	}
	ip, _ := netip.AddrFromSlice(addr.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(addr.Port))
}

// Every change, asked for at every address, is answered from where RFC 5780
// table 1 says, whichever worker the client has.
func TestDiscoveryChangesTheSource(t *testing.T) {
	f, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"})
	changes := map[string]struct {
		flags    []byte
		ip, port bool
	}{
		"absent": {nil, false, false}, "neither": {[]byte{0, 0, 0, 0}, false, false},
		"port": {[]byte{0, 0, 0, 2}, false, true}, "IP": {[]byte{0, 0, 0, 4}, true, false},
		"both": {[]byte{0, 0, 0, 6}, true, true},
	}
	for name, change := range changes {
		for i, addr := range d.Addresses {
			for j, port := range d.Ports {
				for range 4 { // clients of several workers
					a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
					m := message(stun.MethodBinding)
					if change.flags != nil {
						m = message(stun.MethodBinding, raw(attrChangeRequest, change.flags...))
					}
					other := netip.AddrPortFrom(d.Addresses[1-i], d.Ports[1-j])
					want := netip.AddrPortFrom(addr, port)
					if change.ip {
						want = netip.AddrPortFrom(other.Addr(), want.Port())
					}
					if change.port {
						want = netip.AddrPortFrom(want.Addr(), other.Port())
					}
					a.send(netip.AddrPortFrom(addr, port), m)
					answer, from := a.receive(m)
					if code := errorCode(answer); code != 0 || from != want {
						t.Errorf("%s at %s:%d: got code %d from %s, want success from %s", name, addr, port, code, from, want)
						continue
					}
					if got := plainAddr(t, answer, attrResponseOrigin); got != want {
						t.Errorf("%s: got RESPONSE-ORIGIN %s, want %s", name, got, want)
					}
					if got := plainAddr(t, answer, attrOtherAddress); got != other {
						t.Errorf("%s: got OTHER-ADDRESS %s, want %s", name, got, other)
					}
					mapped, xor := plainAddr(t, answer, stun.AttrMappedAddress), xorAddr(t, answer, stun.AttrXORMappedAddress)
					if mapped != a.addr || xor != a.addr {
						t.Errorf("%s: got MAPPED-ADDRESS %s and XOR-MAPPED-ADDRESS %s, want %s", name, mapped, xor, a.addr)
					}
				}
			}
		}
	}
	// The first listener is none of the four: the attributes are unknown there.
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	for _, attr := range []stun.AttrType{attrChangeRequest, attrPadding, attrResponsePort} {
		m := message(stun.MethodBinding, raw(attr, 0, 0, 0, 0))
		a.send(f.addr, m)
		if answer, _ := a.receive(m); errorCode(answer) != 420 {
			t.Errorf("%s elsewhere: got code %d, want 420", attr, errorCode(answer))
		}
	}
	m := message(stun.MethodBinding)
	a.send(f.addr, m)
	answer, _ := a.receive(m)
	for _, attr := range []stun.AttrType{attrOtherAddress, attrResponseOrigin, stun.AttrMappedAddress} {
		if _, err := answer.Get(attr); err == nil {
			t.Errorf("got %s at a listener without discovery, want none", attr)
		}
	}
}

func TestDiscoveryIPv6(t *testing.T) {
	// One address is all that IPv6 loopback has; two that are the same still
	// have two ports.
	_, d := discovering(t, "[::1]:0", [2]string{"::1", "::1"})
	a := newAsker(t, netip.IPv6Loopback())
	m := message(stun.MethodBinding, raw(attrChangeRequest, 0, 0, 0, 2))
	a.send(netip.AddrPortFrom(d.Addresses[0], d.Ports[0]), m)
	answer, from := a.receive(m)
	if want := netip.AddrPortFrom(d.Addresses[0], d.Ports[1]); from != want || plainAddr(t, answer, attrResponseOrigin) != want {
		t.Errorf("got an answer from %s, want %s", from, want)
	}
}

// RESPONSE-PORT changes the port of the client, and never its address.
func TestDiscoveryResponsePort(t *testing.T) {
	_, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"})
	at := d.Listeners()[0]
	first, second := newAsker(t, netip.MustParseAddr("127.0.0.1")), newAsker(t, netip.MustParseAddr("127.0.0.1"))
	port := second.addr.Port()
	for _, value := range [][]byte{{byte(port >> 8), byte(port), 0, 0}, {byte(port >> 8), byte(port)}} {
		m := message(stun.MethodBinding, raw(attrResponsePort, value...))
		first.send(at, m)
		answer, from := second.receive(m)
		if from != at || xorAddr(t, answer, stun.AttrXORMappedAddress) != first.addr {
			t.Errorf("got an answer from %s about %s, want from %s about %s", from, xorAddr(t, answer, stun.AttrXORMappedAddress), at, first.addr)
		}
	}
}

// PADDING is answered by as much of it, and by none where none was asked for.
func TestDiscoveryPadding(t *testing.T) {
	_, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"})
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	for _, size := range []int{0, 4, 1500, 1501, 9000, 60_000, 65_000} {
		m := message(stun.MethodBinding, raw(attrPadding, make([]byte, size)...), raw(attrChangeRequest, 0, 0, 0, 6))
		a.send(d.Listeners()[0], m)
		answer, from := a.receive(m)
		value, err := answer.Get(attrPadding)
		if want := min(size, 60_000); err != nil || len(value) != want || from != d.Listeners()[3] {
			t.Errorf("got PADDING of %d bytes, %v, from %s, want %d from %s", len(value), err, from, want, d.Listeners()[3])
		}
		if len(answer.Raw) > len(m.Raw)+80 {
			t.Errorf("got an answer of %d bytes to %d, want hardly more", len(answer.Raw), len(m.Raw))
		}
	}
}

func TestDiscoveryRefusals(t *testing.T) {
	f, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"})
	at := d.Listeners()[0]
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	tests := map[string]struct {
		attrs []stun.Setter
		want  int
	}{
		"CHANGE-REQUEST too short":     {[]stun.Setter{raw(attrChangeRequest, 0, 6)}, 400},
		"RESPONSE-PORT too long":       {[]stun.Setter{raw(attrResponsePort, 0, 9, 0, 0, 0)}, 400},
		"RESPONSE-PORT 0":              {[]stun.Setter{raw(attrResponsePort, 0, 0, 0, 0)}, 400},
		"RESPONSE-PORT and PADDING":    {[]stun.Setter{raw(attrResponsePort, 0, 9, 0, 0), raw(attrPadding, 0, 0, 0, 0)}, 400},
		"another unknown attribute":    {[]stun.Setter{raw(attrChangeRequest, 0, 0, 0, 6), raw(0x7777)}, 420},
		"RESPONSE-ADDRESS of RFC 3489": {[]stun.Setter{raw(0x0002, 0, 1, 0, 9, 127, 0, 0, 9)}, 420},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := message(stun.MethodBinding, test.attrs...)
			a.send(at, m)
			if answer, from := a.receive(m); errorCode(answer) != test.want || from != at {
				t.Errorf("got code %d from %s, want %d from %s", errorCode(answer), from, test.want, at)
			}
		})
	}
	// They belong to Binding requests only.
	c := dial(t, f.addr, "alice", "wonderland")
	for _, attr := range []stun.AttrType{attrChangeRequest, attrPadding, attrResponsePort} {
		c.wantCode(c.do(stun.MethodAllocate, requestedTransport(17), raw(attr, 0, 0, 0, 2)), 420)
	}
}

// What a forged request makes the server send elsewhere is limited by source.
func TestDiscoveryIsLimited(t *testing.T) {
	f, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"}, func(o *options) { o.limiter = authn.NewLimiter(1, 2) })
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	for range 20 {
		a.send(d.Listeners()[0], message(stun.MethodBinding, raw(attrChangeRequest, 0, 0, 0, 6)))
	}
	plain := message(stun.MethodBinding) // not limited, and answered behind the others
	a.send(d.Listeners()[0], plain)
	a.receive(plain)
	if got := f.server.Stats().Limited; got < 17 {
		t.Errorf("got %d answers withheld, want nearly all of 20", got)
	}
}

// A discovery without the fourth address is none.
func TestDiscoveryNeedsEveryAddress(t *testing.T) {
	_, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.2", "127.0.0.3"}, func(o *options) {
		o.unserved = netip.AddrPortFrom(o.discovery[0].Addresses[1], o.discovery[0].Ports[1])
	})
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	m := message(stun.MethodBinding, raw(attrChangeRequest, 0, 0, 0, 2))
	a.send(d.Listeners()[0], m)
	if answer, _ := a.receive(m); errorCode(answer) != 420 {
		t.Errorf("got code %d, want 420", errorCode(answer))
	}
	m = message(stun.MethodBinding)
	a.send(d.Listeners()[0], m)
	answer, _ := a.receive(m)
	if _, err := answer.Get(attrOtherAddress); err == nil {
		t.Error("got OTHER-ADDRESS, want none")
	}
}

// MAPPED-ADDRESS is there when asked for by the settings, and goes with them.
func TestMappedAddressOption(t *testing.T) {
	f := start(t, func(o *options) { o.settings.MappedAddress = true })
	c := dial(t, f.addr, "alice", "wonderland")
	answer := c.roundTrip(message(stun.MethodBinding))
	if got := plainAddr(t, answer, stun.AttrMappedAddress); got != c.addr() {
		t.Errorf("got MAPPED-ADDRESS %s, want %s", got, c.addr())
	}
	f.apply(t, func(o *options) { o.settings.MappedAddress = false })
	if _, err := c.roundTrip(message(stun.MethodBinding)).Get(stun.AttrMappedAddress); err == nil {
		t.Error("got MAPPED-ADDRESS after it was switched off, want none")
	}
}

// Behind a 1:1 NAT clients are told the outer addresses.
func TestDiscoveryBehindNAT(t *testing.T) {
	outer := netip.MustParseAddr("192.0.2.9")
	_, d := discovering(t, "127.0.0.1:0", [2]string{"127.0.0.1", "127.0.0.2"}, func(o *options) { o.external = outer })
	a := newAsker(t, netip.MustParseAddr("127.0.0.1"))
	for at, wantOther := range map[int]netip.AddrPort{0: d.Listeners()[3], 2: netip.AddrPortFrom(outer, d.Ports[1])} {
		m := message(stun.MethodBinding)
		a.send(d.Listeners()[at], m)
		answer, from := a.receive(m)
		if got := plainAddr(t, answer, attrOtherAddress); got != wantOther {
			t.Errorf("asked at %s: got OTHER-ADDRESS %s, want %s", from, got, wantOther)
		}
	}
}
