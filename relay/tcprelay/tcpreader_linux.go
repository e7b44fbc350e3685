package tcprelay

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// chunks lends the buffers of TCP connections while something is in them.
var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// tcpReader reads from a TCP connection into a buffer that it borrows only when
// there is something to read: thousands of idle connections cost no buffers.
type tcpReader struct {
	raw    syscall.RawConn
	failed error // of SyscallConn
	buf    *[chunkBytes]byte
	n      int
	errno  error
	try    func(fd uintptr) bool
}

func newTCPReader(conn *net.TCPConn) *tcpReader {
	r := &tcpReader{}
	r.raw, r.failed = conn.SyscallConn()
	r.try = r.read
	return r
}

func (r *tcpReader) next() ([]byte, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	if err := r.raw.Read(r.try); err != nil {
		return nil, err
	}
	switch {
	case r.errno != nil:
		return nil, os.NewSyscallError("read", r.errno)
	case r.n == 0:
		return nil, io.EOF
	}
	return r.buf[:r.n], nil
}

// read is called when there may be something to read; false: there was not.
func (r *tcpReader) read(fd uintptr) bool {
	r.buf = chunks.Get().(*[chunkBytes]byte)
	for {
		r.n, r.errno = unix.Read(int(fd), r.buf[:])
		switch r.errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			r.release()
			return false
		}
		return true
	}
}

func (r *tcpReader) release() {
	if r.buf != nil {
		chunks.Put(r.buf)
		r.buf = nil
	}
}
