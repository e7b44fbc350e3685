package relay

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pires/go-proxyproto"
)

// v2 is a header of version 2 in front of some text.
func v2(t testing.TB, change func(*proxyproto.Header)) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(2,
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 40000}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443})
	if change != nil {
		change(h)
	}
	text, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return append(text, "hello"...)
}

func TestReadProxyHeader(t *testing.T) {
	long := make([]byte, 3000)
	for name, test := range map[string]struct {
		sent []byte
		want string // client; empty: the proxy itself
	}{
		"version 1, IPv4":    {[]byte("PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\nhello"), "192.0.2.7:40000"},
		"version 1, IPv6":    {[]byte("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\nhello"), "[2001:db8::7]:40000"},
		"version 1, unknown": {[]byte("PROXY UNKNOWN\r\nhello"), ""},
		"version 2, IPv4":    {v2(t, nil), "192.0.2.7:40000"},
		"version 2, IPv6": {v2(t, func(h *proxyproto.Header) {
			h.TransportProtocol = proxyproto.TCPv6
			h.SourceAddr = &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 40000}
			h.DestinationAddr = &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 443}
		}), "[2001:db8::7]:40000"},
		"version 2, IPv4 in IPv6": {v2(t, func(h *proxyproto.Header) {
			h.TransportProtocol = proxyproto.TCPv6
		}), "192.0.2.7:40000"},
		"version 2, local":      {v2(t, func(h *proxyproto.Header) { h.Command = proxyproto.LOCAL }), ""},
		"version 2, extensions": {v2(t, func(h *proxyproto.Header) { h.SetTLVs([]proxyproto.TLV{{Type: 0xE0, Value: long}}) }), "192.0.2.7:40000"},
	} {
		want := netip.AddrPort{}
		if test.want != "" {
			want = netip.MustParseAddrPort(test.want)
		}
		for how, reader := range map[string]io.Reader{
			"at once": bytes.NewReader(test.sent), "byte by byte": iotest.OneByteReader(bytes.NewReader(test.sent)),
		} {
			client, rest, err := readProxyHeader(reader)
			if err != nil || client != want {
				t.Errorf("%s, %s: got %s, %v, want %s", name, how, client, err, want)
				continue
			}
			behind, _ := io.ReadAll(reader)
			if got := string(rest) + string(behind); got != "hello" {
				t.Errorf("%s, %s: got %q behind the header, want hello", name, how, got)
			}
		}
	}
}

func TestBadProxyHeader(t *testing.T) {
	for name, sent := range map[string][]byte{
		"STUN":              {0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42},
		"TLS":               {22, 3, 1, 2, 0},
		"endless line":      []byte("PROXY TCP4 " + strings.Repeat("1", 5000)),
		"half a header":     v2(t, nil)[:20],
		"datagrams":         v2(t, func(h *proxyproto.Header) { h.TransportProtocol = proxyproto.UDPv4; asUDP(h) }),
		"too long":          {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n', 0x21, 0x11, 0xFF, 0xFF},
		"family unknown":    {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n', 0x21, 0x13, 0, 12, 1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 0, 1},
		"client port 0":     []byte("PROXY TCP4 192.0.2.7 192.0.2.1 0 443\r\n"),
		"client any":        []byte("PROXY TCP4 0.0.0.0 192.0.2.1 40000 443\r\n"),
		"client a group":    []byte("PROXY TCP6 ff02::1 2001:db8::1 40000 443\r\n"),
		"families mixed up": []byte("PROXY TCP4 2001:db8::7 2001:db8::1 40000 443\r\n"),
	} {
		if client, _, err := readProxyHeader(bytes.NewReader(sent)); err == nil {
			t.Errorf("%s: got client %s, want an error", name, client)
		}
	}
}

// asUDP turns the addresses of a header into those of datagrams.
func asUDP(h *proxyproto.Header) {
	for _, addr := range []*net.Addr{&h.SourceAddr, &h.DestinationAddr} {
		tcp := (*addr).(*net.TCPAddr)
		*addr = &net.UDPAddr{IP: tcp.IP, Port: tcp.Port}
	}
}

// FuzzProxyHeader holds that a header never names a client that could not have
// connected, and that nothing behind it is lost.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\nhello"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add(v2(f, nil))
	f.Add(v2(f, func(h *proxyproto.Header) { h.Command = proxyproto.LOCAL }))
	f.Fuzz(func(t *testing.T, sent []byte) {
		reader := bytes.NewReader(sent)
		client, rest, err := readProxyHeader(reader)
		if err != nil {
			return
		}
		if client.IsValid() && (client.Port() == 0 || client.Addr().Is4In6() || client.Addr().IsUnspecified() || client.Addr().Zone() != "") {
			t.Errorf("got client %s", client)
		}
		behind, _ := io.ReadAll(reader)
		if !bytes.HasSuffix(sent, append(rest, behind...)) {
			t.Errorf("got % x behind the header of % x", append(rest, behind...), sent)
		}
	})
}
