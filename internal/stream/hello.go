package stream

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
)

// Hello is what a TLS client asks for before anything is agreed on.
type Hello struct {
	// ServerName is in lower case (RFC 6066 section 3); empty for none.
	ServerName string
	// Protocols are the application protocols that the client offers (RFC 7301), in
	// its order.
	Protocols []string
}

// maxHelloBytes bounds what is read of a ClientHello: several times that of a
// client with keys of every kind.
const maxHelloBytes = 16 << 10

var (
	errHelloLong = errors.New("the ClientHello is too long")
	errHelloSeen = errors.New("the ClientHello is whole")
)

// Hello waits for the ClientHello of a connection that IsTLS, as long as the
// accepted connection's deadline lets it. Nothing is lost: Handshake, and whoever
// takes the bytes back, begin with it. An error may also mean that it is none; then
// Handshake tells the client.
func (c *Conn) Hello() (Hello, error) {
	r := recorder{link: &c.link}
	var found Hello
	// crypto/tls reads and parses; this function is called with the result, before
	// anything is answered.
	err := tls.Server(&r, &tls.Config{GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		found = Hello{ServerName: strings.ToLower(info.ServerName), Protocols: slices.Clone(info.SupportedProtos)}
		return nil, errHelloSeen
	}}).Handshake()
	c.link.first = append(r.bytes, c.link.first...)
	if errors.Is(err, errHelloSeen) {
		return found, nil
	}
	return Hello{}, err
}

// TakeBack returns what was read of a connection that goes on elsewhere, which must
// not have been detached.
func (c *Conn) TakeBack() []byte {
	first := c.link.first
	c.link.first = nil
	return first
}

// recorder is a link that keeps what is read from it, says nothing and stays open.
type recorder struct {
	*link
	bytes []byte
}

func (r *recorder) Read(b []byte) (int, error) {
	room := maxHelloBytes - len(r.bytes)
	if room <= 0 {
		return 0, errHelloLong
	}
	n, err := r.link.Read(b[:min(len(b), room)])
	r.bytes = append(r.bytes, b[:n]...)
	return n, err
}

func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }

func (r *recorder) Close() error { return nil }
