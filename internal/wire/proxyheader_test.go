package wire_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// proxyHeader writes a header by the text of the protocol.
func proxyHeader(command, kind byte, addresses []byte) []byte {
	b := []byte{0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, kind}
	b = binary.BigEndian.AppendUint16(b, uint16(len(addresses)))
	return append(b, addresses...)
}

// proxyAddresses are source and destination.
func proxyAddresses(client, server netip.AddrPort) []byte {
	b := append(client.Addr().AsSlice(), server.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, client.Port())
	return binary.BigEndian.AppendUint16(b, server.Port())
}

func TestParseProxyHeader(t *testing.T) {
	at := netip.MustParseAddrPort
	v4 := proxyAddresses(at("192.0.2.1:4000"), at("198.51.100.1:3478"))
	v6 := proxyAddresses(at("[2001:db8::1]:4000"), at("[2001:db8::2]:3478"))
	mapped := proxyAddresses(at("[::ffff:192.0.2.1]:4000"), at("[2001:db8::2]:3478"))
	extended := append(bytes.Clone(v4), 0x04, 0, 3, 1, 2, 3)
	tests := []struct {
		name   string
		header []byte
		client string // empty: none that can be used
		local  bool
	}{
		{"IPv4", proxyHeader(0x21, 0x12, v4), "192.0.2.1:4000", false},
		{"IPv6", proxyHeader(0x21, 0x22, v6), "[2001:db8::1]:4000", false},
		{"IPv4 in IPv6", proxyHeader(0x21, 0x22, mapped), "192.0.2.1:4000", false},
		{"extensions", proxyHeader(0x21, 0x12, extended), "192.0.2.1:4000", false},
		{"local", proxyHeader(0x20, 0x00, nil), "", true},
		{"local with addresses", proxyHeader(0x20, 0x12, v4), "", true},
		{"family unspecified", proxyHeader(0x21, 0x00, nil), "", true},
		{"for TCP", proxyHeader(0x21, 0x11, v4), "", false},
		{"for Unix sockets", proxyHeader(0x21, 0x32, make([]byte, 216)), "", false},
		{"addresses cut", proxyHeader(0x21, 0x12, v4[:11]), "", false},
		{"IPv6 addresses cut", proxyHeader(0x21, 0x22, v6[:35]), "", false},
		{"version 1", []byte("PROXY UDP4 192.0.2.1 198.51.100.1 4000 3478\r\n"), "", false},
		{"version 3", proxyHeader(0x31, 0x12, v4), "", false},
		{"unknown command", proxyHeader(0x22, 0x12, v4), "", false},
		{"port 0", proxyHeader(0x21, 0x12, proxyAddresses(at("192.0.2.1:0"), at("198.51.100.1:3478"))), "", false},
		{"unspecified", proxyHeader(0x21, 0x12, proxyAddresses(at("0.0.0.0:1"), at("198.51.100.1:3478"))), "", false},
		{"multicast", proxyHeader(0x21, 0x12, proxyAddresses(at("224.0.0.1:1"), at("198.51.100.1:3478"))), "", false},
		{"broadcast", proxyHeader(0x21, 0x12, proxyAddresses(at("255.255.255.255:1"), at("198.51.100.1:3478"))), "", false},
		{"IPv6 multicast", proxyHeader(0x21, 0x22, proxyAddresses(at("[ff02::1]:1"), at("[2001:db8::2]:3478"))), "", false},
		{"STUN", sampleAllocate(), "", false},
		{"nothing", nil, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, ok := wire.ParseProxyHeader(append(bytes.Clone(test.header), "payload"...))
			if want := test.client != "" || test.local; ok != want || h.IsLocal != test.local {
				t.Fatalf("got %+v, %v, want one that counts: %v", h, ok, want)
			}
			if !ok {
				return
			}
			if h.Size != len(test.header) {
				t.Errorf("got %d bytes, want %d", h.Size, len(test.header))
			}
			if got := netip.AddrPortFrom(netip.AddrFrom16(h.IP).Unmap(), h.Port); !h.IsLocal && got.String() != test.client {
				t.Errorf("got client %s, want %s", got, test.client)
			}
			for n := range test.header {
				if _, ok := wire.ParseProxyHeader(test.header[:n]); ok {
					t.Errorf("cut to %d bytes: got a header, want none", n)
				}
			}
		})
	}
}

func TestParseProxyHeaderDoesNotAllocate(t *testing.T) {
	b := proxyHeader(0x21, 0x12, proxyAddresses(netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("198.51.100.1:3478")))
	if got := testing.AllocsPerRun(100, func() { wire.ParseProxyHeader(b) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// Whatever comes, a header that counts lies within the datagram and names a client
// that can be answered.
func FuzzParseProxyHeader(f *testing.F) {
	at := netip.MustParseAddrPort
	f.Add(proxyHeader(0x21, 0x12, proxyAddresses(at("192.0.2.1:4000"), at("198.51.100.1:3478"))))
	f.Add(proxyHeader(0x21, 0x22, proxyAddresses(at("[2001:db8::1]:4000"), at("[2001:db8::2]:3478"))))
	f.Add(proxyHeader(0x20, 0x00, nil))
	f.Add(append(proxyHeader(0x21, 0x00, make([]byte, 40)), sampleAllocate()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h, ok := wire.ParseProxyHeader(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the datagram was changed")
		}
		if !ok {
			if h != (wire.ProxyHeader{}) {
				t.Fatalf("got %+v beside a refusal", h)
			}
			return
		}
		if h.Size < 16 || h.Size > len(b) {
			t.Fatalf("got a header of %d bytes in a datagram of %d", h.Size, len(b))
		}
		if ip := netip.AddrFrom16(h.IP).Unmap(); !h.IsLocal && (h.Port == 0 || ip.IsUnspecified() || ip.IsMulticast()) {
			t.Fatalf("got client %s port %d", ip, h.Port)
		}
		again, ok := wire.ParseProxyHeader(b[:h.Size])
		if !ok || again != h {
			t.Fatalf("got %+v from the header alone, want %+v", again, h)
		}
	})
}
