package wire_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// dirty returns a receive buffer in which every byte is set, with the payload in
// its place.
func dirty(payload []byte) []byte {
	buf := bytes.Repeat([]byte{0xEE}, wire.Headroom+len(payload)+wire.Tailroom)
	copy(buf[wire.Headroom:], payload)
	return buf
}

func TestPutData(t *testing.T) {
	for _, peer := range []netip.AddrPort{samplePeer, samplePeer6} {
		for _, size := range []int{0, 1, 2, 3, 4, 5, 1200, 65_504} {
			t.Run(fmt.Sprintf("peer=%v/size=%d", peer, size), func(t *testing.T) {
				payload := bytes.Repeat([]byte{0xDA}, size)
				buf := dirty(payload)
				off, n := wire.PutData(buf, wire.Headroom, size, peer, &sampleID)
				if want := wire.Headroom - wire.DataOverhead(peer.Addr()); off != want {
					t.Errorf("got offset %d, want %d", off, want)
				}
				m := walk(t, buf[off:off+n])
				if m.Method != wire.MethodData || m.Class != wire.ClassIndication || m.TransactionID != sampleID {
					t.Errorf("got %v %v %x, want a Data indication", m.Method, m.Class, m.TransactionID)
				}
				if got, _, err := m.XORPeerAddress(); got != peer || err != nil {
					t.Errorf("got peer %v, %v, want %v", got, err, peer)
				}
				if got, ok := m.Data(); !ok || !bytes.Equal(got, payload) {
					t.Errorf("got %d bytes of data, want the payload of %d", len(got), size)
				}
				for i, got := range buf[wire.Headroom+size : off+n] {
					if got != 0 {
						t.Errorf("got padding byte %d 0x%02X, want 0", i, got)
					}
				}
				for i, got := range buf[off+n:] {
					if got != 0xEE {
						t.Errorf("got byte %d behind the message changed to 0x%02X", i, got)
					}
				}
				for i, got := range buf[:off] {
					if got != 0xEE {
						t.Errorf("got byte %d in front of the message changed to 0x%02X", i, got)
					}
				}
			})
		}
	}
}

func TestPutDataTooLong(t *testing.T) {
	for _, test := range []struct {
		peer    netip.AddrPort
		longest int
	}{{samplePeer, 65_516}, {samplePeer6, 65_504}} {
		buf := dirty(make([]byte, wire.MaxDatagram))
		if off, n := wire.PutData(buf, wire.Headroom, test.longest, test.peer, &sampleID); n == 0 {
			t.Errorf("%v: got nothing for %d bytes, want an indication", test.peer, test.longest)
		} else {
			walk(t, buf[off:off+n])
		}
		buf = dirty(make([]byte, wire.MaxDatagram))
		before := bytes.Clone(buf)
		if _, n := wire.PutData(buf, wire.Headroom, test.longest+1, test.peer, &sampleID); n != 0 {
			t.Errorf("%v: got %d bytes for %d, want none", test.peer, n, test.longest+1)
		}
		if !bytes.Equal(buf, before) {
			t.Errorf("%v: got the buffer changed, want it as it was", test.peer)
		}
	}
}

func TestRoomInBuffers(t *testing.T) {
	if got := wire.DataOverhead(samplePeer.Addr()); got != 36 {
		t.Errorf("got overhead %d for IPv4, want 36", got)
	}
	if got := wire.DataOverhead(samplePeer6.Addr()); got != 48 || got > wire.Headroom {
		t.Errorf("got overhead %d for IPv6, want 48 within %d", got, wire.Headroom)
	}
}
