package bench

import (
	"crypto/md5"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/wire"
)

const (
	// requestAttempts bounds how often one request is sent.
	requestAttempts = 5
	// challenges bounds the answers 401 and 438 to one request.
	challenges = 2
	// staleAnswers bounds the datagrams that are not the answer.
	staleAnswers = 16
	// allocationLifetime outlasts every measurement.
	allocationLifetime = time.Hour
)

// client is the control part of a TURN client with long-term
// credentials (RFC 8489 section 9.2), or none where the server asks for none.
type client struct {
	fd      int     // connected to the server; owned by the caller
	stream  *stream // in place of fd, likewise; nil: UDP
	realm   string
	nonce   []byte
	key     []byte // nil until the server has asked for it
	builder wire.Builder
	message wire.Message
	buffer  [1500]byte
}

// allocate makes an allocation (RFC 8656 section 7) and returns its relayed
// transport address.
func (c *client) allocate() (netip.AddrPort, error) {
	answer, err := c.ask(wire.MethodAllocate, func(b *wire.Builder) {
		b.RequestedTransport(wire.ProtocolUDP)
		b.Lifetime(allocationLifetime)
	})
	if err != nil {
		return netip.AddrPort{}, err
	}
	relayed, present, err := answer.XORRelayedAddress()
	if err != nil || !present {
		return netip.AddrPort{}, fmt.Errorf("read the answer to Allocate: no relayed transport address (%w)", err)
	}
	return relayed, nil
}

// bind binds or refreshes a channel (RFC 8656 section 12).
func (c *client) bind(number uint16, peer netip.AddrPort) error {
	_, err := c.ask(wire.MethodChannelBind, func(b *wire.Builder) {
		b.ChannelNumber(number)
		b.XORPeerAddress(peer)
	})
	return err
}

// release gives the allocation up (RFC 8656 section 8: a lifetime of zero).
func (c *client) release() error {
	_, err := c.ask(wire.MethodRefresh, func(b *wire.Builder) { b.Lifetime(0) })
	return err
}

// refused is an error response.
type refused struct {
	method wire.Method
	code   int
	phrase string
}

func (e refused) Error() string {
	return fmt.Sprintf("%s: the server answered %d %s", e.method, e.code, e.phrase)
}

// ask sends a request until the server accepts it, with credentials from the
// moment that it asks for them. The answer is valid until the next request.
func (c *client) ask(method wire.Method, add func(*wire.Builder)) (*wire.Message, error) {
	for challenge := 0; ; challenge++ {
		answer, err := c.exchange(method, add)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		if answer.Class == wire.ClassSuccess {
			return answer, nil
		}
		code, phrase, _, err := answer.ErrorCode()
		if err != nil {
			return nil, fmt.Errorf("%s: read the error response: %w", method, err)
		}
		isChallenge := code == 401 && c.key == nil || code == 438
		if !isChallenge || challenge == challenges {
			return nil, refused{method: method, code: code, phrase: string(phrase)}
		}
		if err := c.learn(answer); err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
	}
}

// learn takes realm and nonce from a challenge.
func (c *client) learn(answer *wire.Message) error {
	realm, hasRealm, err := answer.Realm()
	if err != nil {
		return fmt.Errorf("read the challenge: %w", err)
	}
	nonce, hasNonce, err := answer.Nonce()
	if err != nil {
		return fmt.Errorf("read the challenge: %w", err)
	}
	if !hasRealm || !hasNonce {
		return errors.New("read the challenge: no realm or no nonce")
	}
	c.realm = string(realm)
	c.nonce = append(c.nonce[:0], nonce...)
	key := md5.Sum([]byte(benchUser + ":" + c.realm + ":" + benchPassword)) // RFC 8489 section 9.2.2
	c.key = key[:]
	return nil
}

// exchange sends one request and waits for its answer.
func (c *client) exchange(method wire.Method, add func(*wire.Builder)) (*wire.Message, error) {
	var id [wire.TransactionIDSize]byte
	_, _ = rand.Read(id[:]) // never fails
	c.builder.Request(method, id)
	add(&c.builder)
	if c.key != nil {
		c.builder.Username(benchUser)
		c.builder.Realm(c.realm)
		c.builder.Nonce(c.nonce)
		c.builder.Sign(c.key)
	}
	for range requestAttempts {
		if err := c.send(c.builder.Bytes()); err != nil {
			return nil, fmt.Errorf("send request: %w", err)
		}
		switch err := c.receive(id); {
		case err == nil:
			return &c.message, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			return nil, err
		}
	}
	return nil, errors.New("no answer")
}

// receive waits for the answer with this transaction id; EAGAIN says that time
// is over.
func (c *client) receive(id [wire.TransactionIDSize]byte) error {
	for range staleAnswers {
		n, err := c.read(c.buffer[:])
		if err != nil {
			return err
		}
		if c.message.Walk(c.buffer[:n]) == wire.OK && c.message.TransactionID == id {
			return nil
		}
	}
	return unix.EAGAIN
}

// send sends one message.
func (c *client) send(message []byte) error {
	if c.stream != nil {
		return c.stream.write(message)
	}
	_, err := unix.Write(c.fd, message)
	return os.NewSyscallError("write", err)
}

// read waits for one message; EAGAIN says that time is over.
func (c *client) read(b []byte) (int, error) {
	if c.stream != nil {
		return c.stream.message(b)
	}
	n, err := unix.Read(c.fd, b)
	return n, os.NewSyscallError("read", err)
}
