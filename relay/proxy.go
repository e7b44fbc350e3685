package relay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"

	"github.com/pires/go-proxyproto"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/stream"
)

// proxyReadAhead is how much is read at once of what begins with a header of the
// PROXY protocol: enough for one without extensions. The parser bounds the rest.
const proxyReadAhead = 256

var (
	errProxyAddress = errors.New("the PROXY header names no client that could have connected")
	errProxySilent  = errors.New("the proxy closed the connection without a word")
	errProxyClient  = errors.New("the client that a proxy has named is denied or banned")
	errProxyLimit   = errors.New("the client that a proxy has named has too many connections")
)

// isForProxies says whether only proxies may connect.
func (l acceptor) isForProxies() bool { return len(l.proxies) > 0 }

func (l acceptor) trusts(proxy netip.Addr) bool {
	return slices.ContainsFunc(l.proxies, func(p netip.Prefix) bool { return p.Contains(proxy) })
}

func (a *acceptors) noteUntrusted(l acceptor, source netip.AddrPort) {
	a.counts.untrustedProxies.Add(1)
	a.log.Warn("connection refused: the listener is for proxies, and this is not one of trusted_proxies",
		zap.Stringer("source", source), logging.Server(addrOf(l.socket.Addr())))
}

// introduce learns from the header of a proxy who the client is, and counts the
// connection for it. The zero value is the other end itself: there is no proxy,
// or it speaks for itself, as in a health check.
func (a *acceptors) introduce(l acceptor, conn *stream.Conn, tcp *net.TCPConn, place *admission) (netip.AddrPort, error) {
	if !l.isForProxies() {
		return netip.AddrPort{}, nil
	}
	client, rest, err := readProxyHeader(tcp)
	switch {
	case errors.Is(err, errProxySilent): // asked whether this port is open, no more
		return netip.AddrPort{}, err
	case err != nil:
		a.counts.failedProxyHeaders.Add(1)
		a.log.Warn("a trusted proxy sent no PROXY header that can be used: let it send version 1 or 2, or set proxy_protocol: false",
			zap.Stringer("source", addrOf(tcp.RemoteAddr())), logging.Err(err))
		return netip.AddrPort{}, err
	}
	conn.Unread(rest)
	source := client
	if !source.IsValid() {
		source = addrOf(tcp.RemoteAddr())
	}
	if !a.mayCome(source.Addr()) {
		return netip.AddrPort{}, errProxyClient
	}
	if !a.admissions.claim(place, source.Addr()) {
		return netip.AddrPort{}, errProxyLimit
	}
	return client, nil
}

// readProxyHeader reads a header of version 1 or 2 for a TCP connection. The
// zero client means that the proxy speaks for itself. The rest was read behind
// the header.
func readProxyHeader(r io.Reader) (client netip.AddrPort, rest []byte, err error) {
	reader := bufio.NewReaderSize(r, proxyReadAhead)
	if _, err := reader.Peek(1); errors.Is(err, io.EOF) {
		return netip.AddrPort{}, nil, errProxySilent
	}
	if err := awaitLine(reader); err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("read PROXY header: %w", err)
	}
	header, err := proxyproto.Read(reader)
	if err != nil {
		return netip.AddrPort{}, nil, fmt.Errorf("read PROXY header: %w", err)
	}
	if !header.Command.IsLocal() {
		source, _, isTCP := header.TCPAddrs()
		if !isTCP {
			return netip.AddrPort{}, nil, errProxyAddress
		}
		client = source.AddrPort()
		client = netip.AddrPortFrom(client.Addr().Unmap().WithZone(""), client.Port())
		if ip := client.Addr(); !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || client.Port() == 0 {
			return netip.AddrPort{}, nil, errProxyAddress
		}
	}
	rest, err = reader.Peek(reader.Buffered())
	return client, bytes.Clone(rest), err
}

// maxProxyLine is the longest header of version 1, with its end of line.
const maxProxyLine = 107

// awaitLine makes sure that a header of version 1 has arrived whole: the parser
// takes no other, and a network may cut it anywhere.
func awaitLine(reader *bufio.Reader) error {
	for n := 1; n <= maxProxyLine; n++ {
		line, err := reader.Peek(n)
		if err != nil {
			return err
		}
		if line[0] != proxyproto.SIGV1[0] || line[n-1] == '\n' {
			return nil
		}
	}
	return nil // too long: the parser says so
}
