package bench

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/wire"
)

// streamBuffer holds what one read brings of a burst.
const streamBuffer = 1 << 18

// stream is a client's TCP connection, with TLS or without, or its association of
// DTLS. What it carries are whole messages, ChannelData padded (RFC 8656 section 12.5).
type stream struct {
	conn  fdConn
	tls   *tls.Conn // nil: not TLS
	dtls  *secure   // nil: not DTLS
	bytes []byte    // of messages that were not looked at
}

// openStream opens a connection from local, whose port may be 0, in the namespace
// of the calling thread.
func openStream(local, server netip.AddrPort, t Transport) (s *stream, err error) {
	if t == DTLS {
		return openSecure(local, server)
	}
	s = &stream{conn: fdConn{fd: -1}, bytes: make([]byte, 0, streamBuffer)}
	if s.conn.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			s, err = nil, errors.Join(err, s.close())
		}
	}()
	timeout := unix.NsecToTimeval(answerTimeout * 1e6)
	for _, err := range []error{
		os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(s.conn.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)),
		os.NewSyscallError("setsockopt", unix.SetsockoptTimeval(s.conn.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout)),
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.conn.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)),
		os.NewSyscallError("bind", unix.Bind(s.conn.fd, sockaddr(local))),
	} {
		if err != nil {
			return s, fmt.Errorf("open stream from %s: %w", local, err)
		}
	}
	if err := connect(s.conn.fd, server); err != nil {
		return s, err
	}
	if t == TLS {
		s.conn.waits = true
		defer func() { s.conn.waits = false }()
		s.tls = tls.Client(&s.conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true})
		if err := s.tls.Handshake(); err != nil {
			return s, fmt.Errorf("shake hands with %s: %w", server, err)
		}
	}
	return s, nil
}

// write sends all of b.
func (s *stream) write(b []byte) error {
	var err error
	switch {
	case s.dtls != nil:
		err = s.dtls.write(&s.conn, b)
	case s.tls != nil:
		_, err = s.tls.Write(b)
	default:
		_, err = s.conn.Write(b)
	}
	return err
}

// read adds one read to the bytes held.
func (s *stream) read() error {
	if len(s.bytes) == cap(s.bytes) {
		return errors.New("a message is longer than the buffer")
	}
	var n int
	var err error
	switch room := s.bytes[len(s.bytes):cap(s.bytes)]; {
	case s.dtls != nil:
		n, err = s.dtls.read(&s.conn, room)
	case s.tls != nil:
		n, err = s.tls.Read(room)
	default:
		n, err = s.conn.Read(room)
	}
	s.bytes = s.bytes[:len(s.bytes)+n]
	return err
}

// frame returns the length of the first message held; 0: it is not whole.
func (s *stream) frame(from int) int { return frameIn(s.bytes[from:]) }

func frameIn(b []byte) int {
	if len(b) < wire.ChannelHeaderSize {
		return 0
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	if b[0]>>6 == 1 {
		size = wire.ChannelHeaderSize + streamPadded(size)
	} else {
		size += wire.HeaderSize
	}
	if size > len(b) {
		return 0
	}
	return size
}

// streamPadded is how much n bytes of ChannelData take.
func streamPadded(n int) int { return (n + 3) &^ 3 }

// drop removes the first n bytes.
func (s *stream) drop(n int) { s.bytes = s.bytes[:copy(s.bytes, s.bytes[n:])] }

// message waits for the next message and copies it to b; EAGAIN: none came.
func (s *stream) message(b []byte) (int, error) {
	s.conn.waits = true
	defer func() { s.conn.waits = false }()
	size := s.frame(0)
	for ; size == 0; size = s.frame(0) {
		if err := s.read(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.bytes[:size])
	s.drop(size)
	return n, nil
}

// count takes what is there and returns how many messages have the tag.
func (s *stream) count(e end, tag uint64) (count int) {
	for s.read() == nil && (s.tls != nil || s.dtls != nil) {
		// TLS may hold more than the poller knows, and a datagram is one message.
	}
	used := 0
	for size := s.frame(0); size > 0; size = s.frame(used) {
		if size >= e.size && binary.BigEndian.Uint64(s.bytes[used+e.tag:]) == tag {
			count++
		}
		used += size
	}
	s.drop(used)
	return count
}

func (s *stream) close() error { return os.NewSyscallError("close", unix.Close(s.conn.fd)) }
