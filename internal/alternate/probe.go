package alternate

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
)

// resend is the pause before an unanswered datagram is sent again (RFC 8489
// section 6.2.1: the first retransmission).
const resend = 500 * time.Millisecond

// maxAnswer bounds the answer that is read: one to a Binding request without
// attributes has less than a hundred bytes.
const maxAnswer = 2048

var errNotTheAnswer = errors.New("the answer is not one to the Binding request")

// Probe sends a Binding request to a server and returns nil when a success
// response comes back before ctx is done, which must have a deadline. The
// certificate of a server of TLS must be valid for its Domain, if that is given:
// its clients will check, too.
func Probe(ctx context.Context, s Server) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var tid [wire.TransactionIDSize]byte
	rand.Read(tid[:])
	var b wire.Builder
	b.Request(wire.MethodBinding, tid)
	if s.Transport == UDP {
		return probeDatagram(ctx, conn, b.Bytes(), tid)
	}
	if _, err := conn.Write(b.Bytes()); err != nil {
		return fmt.Errorf("send a Binding request: %w", err)
	}
	answer := make([]byte, maxAnswer)
	if _, err := io.ReadFull(conn, answer[:wire.HeaderSize]); err != nil {
		return fmt.Errorf("receive an answer: %w", err)
	}
	size := wire.HeaderSize + int(binary.BigEndian.Uint16(answer[2:]))
	if size > len(answer) {
		return errNotTheAnswer
	}
	if _, err := io.ReadFull(conn, answer[wire.HeaderSize:size]); err != nil {
		return fmt.Errorf("receive an answer: %w", err)
	}
	return judge(answer[:size], tid)
}

// dial connects to the server.
func (s Server) dial(ctx context.Context) (net.Conn, error) {
	switch {
	case s.Transport != TLS:
		return new(net.Dialer).DialContext(ctx, string(s.Transport), s.Address.String())
	case s.Domain == "":
		// Which of the names of this server its clients know is not known here.
		return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", s.Address.String())
	default:
		return (&tls.Dialer{Config: &tls.Config{ServerName: s.Domain}}).DialContext(ctx, "tcp", s.Address.String())
	}
}

// probeDatagram sends the request until it is answered. What is not the answer
// is passed over.
func probeDatagram(ctx context.Context, conn net.Conn, request []byte, tid [wire.TransactionIDSize]byte) error {
	answer := make([]byte, maxAnswer)
	for {
		if _, err := conn.Write(request); err != nil {
			return fmt.Errorf("send a Binding request: %w", err)
		}
		for until := time.Now().Add(resend); ; {
			conn.SetReadDeadline(until)
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("wait for an answer: %w", err)
			}
			n, err := conn.Read(answer)
			if err != nil && ctx.Err() == nil && !isTimeout(err) {
				return fmt.Errorf("receive an answer: %w", err)
			}
			if err != nil {
				break
			}
			if judge(answer[:n], tid) == nil {
				return nil
			}
		}
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// judge returns nil for a success response to the request with this id.
func judge(answer []byte, tid [wire.TransactionIDSize]byte) error {
	var m wire.Message
	if m.Walk(answer) != wire.OK || m.Method != wire.MethodBinding || m.Class != wire.ClassSuccess || m.TransactionID != tid {
		return errNotTheAnswer
	}
	return nil
}
