package bench

import "fmt"

// Transport is how the clients of a measurement talk to the server.
type Transport string

// The transports. The empty one is UDP.
const (
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
	TLS  Transport = "tls"
	DTLS Transport = "dtls"
)

// ParseTransport reads the name of a transport.
func ParseTransport(text string) (Transport, error) {
	switch t := Transport(text); t {
	case UDP, TCP, TLS, DTLS:
		return t, nil
	}
	return "", fmt.Errorf("transport %q is none of %s, %s, %s, %s", text, UDP, TCP, TLS, DTLS)
}

// isStream says whether a client has a connection, or an association of DTLS, which
// is treated as one.
func (t Transport) isStream() bool { return t == TCP || t == TLS || t == DTLS }

func (t Transport) needsCertificate() bool { return t == TLS || t == DTLS }
