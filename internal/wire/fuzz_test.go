package wire_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// seeds are valid messages, from which the fuzzer starts.
func seeds(tb testing.TB) [][]byte {
	all := [][]byte{
		sampleAllocate(), sampleCreatePermission(), sampleEverything(),
		sampleSend(samplePeer, []byte("data")), sampleSend(samplePeer6, nil),
		rawMessage(bindingRequest, nil),
		request(wire.MethodBinding, func(b *wire.Builder) { b.Fingerprint() }),
	}
	for _, vector := range []string{rfc5769Request, rfc5769ResponseIPv4, rfc5769ResponseIPv6, rfc5769LongTerm, rfc8489LongTermSHA256} {
		all = append(all, unhex(tb, vector))
	}
	return all
}

// FuzzMessage walks any datagram: it stays as it is, every getter survives, and
// what was read can be written and read again.
func FuzzMessage(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		var m wire.Message
		reason := m.Walk(b)
		if reason == wire.OK {
			readEverything(&m)
			rebuild(t, &m)
		}
		if !bytes.Equal(b, before) {
			t.Errorf("got the datagram changed to %x, want %x", b, before)
		}
		compareWithPion(t, b, &m, reason)
	})
}

// readEverything calls every getter; none may panic.
func readEverything(m *wire.Message) {
	_, _, _ = m.Lifetime()
	_, _, _ = m.RequestedTransport()
	_, _, _ = m.RequestedFamily()
	_, _, _ = m.AdditionalFamily()
	_, _, _ = m.EvenPort()
	_, _, _ = m.ReservationToken()
	_, _, _ = m.ChannelNumber()
	_, _ = m.Data()
	_, _, _ = m.ICMP()
	_, _, _ = m.XORMappedAddress()
	_, _, _ = m.XORRelayedAddress()
	_, _, _ = m.XORPeerAddress()
	_, _ = m.XORPeerAddresses(nil)
	_, _, _ = m.MappedAddress()
	_, _, _ = m.AlternateServer()
	_, _, _ = m.AlternateDomain()
	_, _, _ = m.Username()
	_, _, _ = m.Realm()
	_, _, _ = m.Nonce()
	_, _, _ = m.UserHash()
	_, _, _ = m.PasswordAlgorithm()
	_, _, _ = m.PasswordAlgorithms(nil)
	_, _, _, _ = m.ErrorCode()
	_, _, _, _ = m.AddressErrorCode()
	_, _, _ = m.UnknownAttributes(nil)
	_, _, _ = m.Software()
	_, _, _ = m.ChangeRequest()
	_, _, _ = m.ResponsePort()
	_, _ = m.Padding()
	_, _, _ = m.ResponseOrigin()
	_, _, _ = m.OtherAddress()
	_ = m.UnknownRequired(nil)
	_ = m.Integrity()
	_ = m.CheckIntegrity(sampleKey)
	_ = m.CheckIntegritySHA256(sampleKey)
}

// rebuild writes the first attribute of every type into a new message and
// expects to read the same values there.
func rebuild(t *testing.T, m *wire.Message) {
	t.Helper()
	integrity := func(attr wire.AttrType) bool {
		return attr == wire.AttrMessageIntegrity || attr == wire.AttrMessageIntegritySHA256 || attr == wire.AttrFingerprint
	}
	var b wire.Builder
	b.Answer(m, m.Class)
	for _, attr := range typesIn(m.Raw) {
		if value, ok := m.Get(attr); ok && !integrity(attr) {
			b.Attribute(attr, value)
		}
	}
	var again wire.Message
	if r := again.Walk(b.Bytes()); r != wire.OK {
		t.Fatalf("got %v for the rebuilt message, want ok: %x", r, b.Bytes())
	}
	if again.Method != m.Method || again.Class != m.Class || again.TransactionID != m.TransactionID {
		t.Errorf("got %v %v %x, want %v %v %x", again.Method, again.Class, again.TransactionID, m.Method, m.Class, m.TransactionID)
	}
	for _, attr := range typesIn(m.Raw) {
		if integrity(attr) {
			continue
		}
		want, had := m.Get(attr)
		got, has := again.Get(attr)
		if had != has || !bytes.Equal(got, want) {
			t.Errorf("%v: got %x, %v, want %x, %v", attr, got, has, want, had)
		}
	}
}

// typesIn returns every type that a message has, counting or not, and one that
// it may have or not.
func typesIn(b []byte) []wire.AttrType {
	types := []wire.AttrType{wire.AttrLifetime}
	for off := wire.HeaderSize; off < len(b); off += 4 + (int(binary.BigEndian.Uint16(b[off+2:]))+3)&^3 {
		if attr := wire.AttrType(binary.BigEndian.Uint16(b[off:])); !slices.Contains(types, attr) {
			types = append(types, attr)
		}
	}
	return types
}

// FuzzSend holds ParseSend against Walk and the getters.
func FuzzSend(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, reason := wire.ParseSend(b)
		var m wire.Message
		want := m.Walk(b) == wire.OK && m.Method == wire.MethodSend && m.Class == wire.ClassIndication &&
			len(m.UnknownRequired(nil)) == 0
		var peer netip.AddrPort
		var data []byte
		if want {
			var hasPeer, hasData bool
			var err error
			peer, hasPeer, err = m.XORPeerAddress()
			data, hasData = m.Data()
			want = hasPeer && hasData && err == nil
		}
		if got := reason == wire.OK; got != want {
			t.Fatalf("got %v, want usable %v: %x", reason, want, b)
		}
		if !want {
			return
		}
		if peerOf(s) != peer || !bytes.Equal(b[s.Off:s.Off+s.N], data) || s.DontFragment != m.DontFragment() {
			t.Errorf("got %+v, want peer %v, data %x, DF %v", s, peer, data, m.DontFragment())
		}
	})
}

// FuzzChannelData expects a payload inside the datagram and a header that can be
// written again.
func FuzzChannelData(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 0})
	f.Add([]byte{0x40, 1, 0, 3, 1, 2, 3, 0})
	f.Add([]byte{0x4F, 0xFF, 0xFF, 0xFF, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		number, n, reason := wire.ParseChannelData(b)
		if reason != wire.OK {
			if len(b) > 0 && wire.Classify(b) == wire.KindChannelData && len(b) >= 4 && reason != wire.ReasonLength {
				t.Errorf("got %v for ChannelData of %d bytes, want length", reason, len(b))
			}
			return
		}
		if number < 0x4000 || number > 0x7FFF || n < 0 || n > len(b)-wire.ChannelHeaderSize {
			t.Fatalf("got channel 0x%04X with %d bytes in %d, want them inside", number, n, len(b))
		}
		var header [wire.ChannelHeaderSize]byte
		wire.PutChannelHeader(header[:], number, n)
		if !bytes.Equal(header[:], b[:wire.ChannelHeaderSize]) {
			t.Errorf("got header %x, want %x", header, b[:wire.ChannelHeaderSize])
		}
	})
}

// FuzzPutData expects every payload and peer back from the indication.
func FuzzPutData(f *testing.F) {
	f.Add([]byte("data"), samplePeer.Addr().AsSlice(), uint16(80), sampleID[:])
	f.Add([]byte{}, samplePeer6.Addr().AsSlice(), uint16(0), sampleID[:])
	f.Fuzz(func(t *testing.T, payload, address []byte, port uint16, id []byte) {
		addr, ok := netip.AddrFromSlice(address)
		if !ok || len(payload) > 65_504 {
			return
		}
		var tid [wire.TransactionIDSize]byte
		copy(tid[:], id)
		peer := netip.AddrPortFrom(addr, port)
		buf := dirty(payload)
		off, n := wire.PutData(buf, wire.Headroom, len(payload), peer, &tid)
		m := walk(t, buf[off:off+n])
		if got, _, err := m.XORPeerAddress(); got != peer || err != nil {
			t.Errorf("got peer %v, %v, want %v", got, err, peer)
		}
		if got, _ := m.Data(); !bytes.Equal(got, payload) {
			t.Errorf("got data %x, want %x", got, payload)
		}
		everyPadding(buf[off:off+n], func(at int) {
			if buf[off+at] != 0 {
				t.Errorf("got padding 0x%02X at %d, want 0", buf[off+at], at)
			}
		})
		compareWithPion(t, buf[off:off+n], m, wire.OK)
	})
}
