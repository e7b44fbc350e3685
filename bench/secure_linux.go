package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/dtls/handshake"
)

// secure seals the messages of a client into records of DTLS, each a datagram.
type secure struct {
	cipher *dtls.Cipher
	out    []byte
}

// maxSealed is room for the longest record.
const maxSealed = dtls.MaxPlaintext + dtls.MaxOverhead

// openSecure opens an association from local, whose port may be 0, in the namespace of
// the calling thread.
func openSecure(local, server netip.AddrPort) (_ *stream, err error) {
	fd, err := openSocket(local)
	if err != nil {
		return nil, err
	}
	s := &stream{conn: fdConn{fd: fd}, bytes: make([]byte, 0, streamBuffer), dtls: &secure{out: make([]byte, maxSealed)}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := connect(fd, server); err != nil {
		return nil, err
	}
	if s.dtls.cipher, err = shakeHands(fd); err != nil {
		return nil, fmt.Errorf("shake hands with %s: %w", server, err)
	}
	return s, nil
}

// shakeHands runs the handshake by way of the runtime's poller, and leaves the socket
// as it was.
func shakeHands(fd int) (*dtls.Cipher, error) {
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(twin), "")
	conn, err := net.FileConn(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout*requestAttempts*time.Millisecond)
	defer cancel()
	cipher, err := handshake.Dial(ctx, conn)
	return cipher, errors.Join(err, conn.Close(), os.NewSyscallError("fcntl", unix.SetNonblock(fd, false)))
}

// write sends each message of b.
func (s *secure) write(conn *fdConn, b []byte) error {
	for len(b) > 0 {
		size := frameIn(b)
		if size == 0 {
			return errors.New("not whole messages")
		}
		record := s.out[: s.cipher.Prefix()+size : cap(s.out)]
		copy(record[s.cipher.Prefix():], b[:size])
		if record = s.cipher.Seal(record, dtls.TypeApplicationData, size); record == nil {
			return errors.New("no number is left for a record")
		}
		if _, err := conn.Write(record); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// read opens the records of one datagram. ChannelData is padded as on a stream.
func (s *secure) read(conn *fdConn, b []byte) (n int, err error) {
	if len(b) < maxSealed {
		return 0, errors.New("no room for a datagram")
	}
	size, err := conn.Read(b)
	for at := 0; err == nil && at < size; {
		r, ok := dtls.ParseRecord(b[at:size])
		if !ok {
			break
		}
		if from, plain, kind, _, ok := s.cipher.Open(b[at:at+r.Size], &r); ok && kind == dtls.TypeApplicationData {
			copy(b[n:], b[at+from:at+from+plain])
			end := n + streamPadded(plain)
			clear(b[n+plain : end])
			n = end
		}
		at += r.Size
	}
	return n, err
}
