//go:build e2e || soak

package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

const (
	// retransmitAfter is the first retransmission timeout. RFC 8489 section 6.2.1
	// wants 500 ms, which a busy machine can take for an answer; a veth pair loses
	// nothing.
	retransmitAfter = time.Second
	// requestTimeout bounds a transaction with all its retransmissions.
	requestTimeout = 10 * time.Second
	// lossTimeout is how long a datagram is awaited before it counts as lost.
	lossTimeout = 10 * time.Second
	// silence is how long the absence of a datagram is watched.
	silence = time.Second
)

var errNoAnswer = errors.New("no answer")

// client is a TURN client on one UDP socket that does one thing at a time and
// hides nothing. It is not safe for concurrent use.
type client struct {
	conn    *net.UDPConn
	server  netip.AddrPort // answers from elsewhere are ignored
	user    user
	realm   string
	nonce   string
	relayed netip.AddrPort // of the last successful Allocate
	pending []packet       // arrived while an answer was awaited
	buf     []byte
}

// newClient opens a client at the address, with any port.
func newClient(t testing.TB, host *testnet.Namespace, local netip.Addr, server netip.AddrPort, u user) *client {
	t.Helper()
	return &client{
		conn:   host.ListenUDP(t, netip.AddrPortFrom(local, 0)),
		server: server,
		user:   u,
		buf:    make([]byte, 1<<16),
	}
}

// newClientV4 opens alice's client on the network's IPv4 addresses.
func newClientV4(t testing.TB, n *testnet.Net) *client {
	t.Helper()
	return newClient(t, n.Clients, testnet.ClientV4, serverV4, alice)
}

// local is the client's own transport address.
func (c *client) local() netip.AddrPort {
	return c.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// request performs an authenticated transaction: it takes up realm and nonce
// when the server challenges it. The answer may be an error; see errorCode.
func (c *client) request(method stun.Method, attributes ...stun.Setter) (*stun.Message, error) {
	for range 3 {
		signed := c.nonce != ""
		message, err := c.build(method, signed, attributes)
		if err != nil {
			return nil, err
		}
		answer, err := c.transact(message)
		if err != nil {
			return nil, fmt.Errorf("%s by %s: %w", method, c.local(), err)
		}
		code := errorCode(answer)
		if code == 401 && !signed || code == 438 {
			if err := c.adopt(answer); err != nil {
				return nil, err
			}
			continue
		}
		if signed && code != 401 {
			if err := c.integrity().Check(answer); err != nil {
				return nil, fmt.Errorf("%s by %s: check the integrity of the answer %s: %w", method, c.local(), answer, err)
			}
		}
		return answer, nil
	}
	return nil, fmt.Errorf("%s by %s: challenged again and again", method, c.local())
}

// build makes a request, with credentials and integrity when signed.
func (c *client) build(method stun.Method, signed bool, attributes []stun.Setter) (*stun.Message, error) {
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attributes...)
	if signed {
		setters = append(setters, stun.NewUsername(c.user.Name), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.integrity())
	}
	return stun.Build(append(setters, stun.Fingerprint)...)
}

func (c *client) integrity() stun.MessageIntegrity {
	known.addPassword(c.user.Name, c.realm, c.user.Password)
	return stun.NewLongTermIntegrity(c.user.Name, c.realm, c.user.Password)
}

// adopt takes realm and nonce from a challenge.
func (c *client) adopt(challenge *stun.Message) error {
	var (
		realm stun.Realm
		nonce stun.Nonce
	)
	if err := challenge.Parse(&realm, &nonce); err != nil {
		return fmt.Errorf("read the challenge %s: %w", challenge, err)
	}
	c.realm, c.nonce = realm.String(), nonce.String()
	return nil
}

// transact sends a request, again and again, until its answer arrives.
func (c *client) transact(request *stun.Message) (*stun.Message, error) {
	end := time.Now().Add(requestTimeout)
	for wait := retransmitAfter; time.Now().Before(end); wait *= 2 {
		if _, err := c.conn.WriteToUDPAddrPort(request.Raw, c.server); err != nil {
			return nil, err
		}
		answer, err := c.await(request.TransactionID, min(wait, time.Until(end)))
		if answer != nil || err != nil {
			return answer, err
		}
	}
	return nil, errNoAnswer
}

// await reads until the answer to the transaction arrives; nil when it does
// not in time. Data that arrives meanwhile is kept for receive.
func (c *client) await(id [stun.TransactionIDSize]byte, timeout time.Duration) (*stun.Message, error) {
	deadline := time.Now().Add(timeout)
	for {
		message, data, err := c.read(deadline)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, nil
		case err != nil:
			return nil, err
		case data != nil:
			c.pending = append(c.pending, *data)
		case message.TransactionID == id && message.Type.Class != stun.ClassIndication:
			return message, nil
		}
	}
}

// binding asks for the client's address as the server sees it.
func (c *client) binding() (netip.AddrPort, error) {
	request, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if err != nil {
		return netip.AddrPort{}, err
	}
	answer, err := c.transact(request)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("ask %s for the address of %s: %w", c.server, c.local(), err)
	}
	return addressIn(answer, stun.AttrXORMappedAddress)
}
