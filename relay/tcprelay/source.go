package tcprelay

import (
	"net"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/stream"
)

// chunkBytes is the most that is read at once: what one Take of a bucket admits.
const chunkBytes = bucket.MaxBytes

// recordBytes is what a TLS connection gives at once (RFC 8446 section 5.1).
const recordBytes = 16 << 10

// source reads from a connection. A TCP connection holds no buffer while there is
// nothing to read; one of TLS has one of its own.
type source struct {
	conn  stream.Waiting
	first []byte // received before the connection was attached
	tcp   *tcpReader
	own   []byte
}

func newSource(conn stream.Waiting, first []byte) *source {
	s := &source{conn: conn, first: first}
	if tcp, ok := conn.(*net.TCPConn); ok {
		s.tcp = newTCPReader(tcp)
	}
	return s
}

// next waits for bytes; they are valid until release. An error, io.EOF for the end,
// may come with some.
func (s *source) next() ([]byte, error) {
	switch {
	case len(s.first) > 0:
		b := s.first[:min(len(s.first), chunkBytes)]
		s.first = s.first[len(b):]
		return b, nil
	case s.tcp != nil:
		return s.tcp.next()
	case s.own == nil:
		s.own = make([]byte, recordBytes)
	}
	n, err := s.conn.Read(s.own)
	return s.own[:n], err
}

func (s *source) release() {
	if s.tcp != nil {
		s.tcp.release()
	}
}
