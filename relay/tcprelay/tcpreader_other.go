//go:build !linux

package tcprelay

import "net"

// tcpReader reads from a TCP connection.
type tcpReader struct {
	conn *net.TCPConn
	buf  []byte
}

func newTCPReader(conn *net.TCPConn) *tcpReader { return &tcpReader{conn: conn} }

func (r *tcpReader) next() ([]byte, error) {
	if r.buf == nil {
		r.buf = make([]byte, recordBytes)
	}
	n, err := r.conn.Read(r.buf)
	return r.buf[:n], err
}

func (r *tcpReader) release() {}
