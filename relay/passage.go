package relay

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// passageChunk is how much one call copies at most: much for the kernel, which moves
// it between the sockets (splice), and an end at which the time is looked at.
const passageChunk = 1 << 20

// passage copies between a client and a backend.
type passage struct {
	client, backend *net.TCPConn
	idle            time.Duration
	watch           *time.Timer // closes both when nothing has moved for long
}

func newPassage(client, backend *net.TCPConn, idle time.Duration) *passage {
	p := &passage{client: client, backend: backend, idle: idle}
	p.watch = time.AfterFunc(p.idle, p.close)
	return p
}

// run copies until both ends have ended, one has failed, or neither has said anything
// for the time of idle; it returns how many bytes went each way.
func (p *passage) run() (toBackend, toClient uint64) {
	defer p.watch.Stop()
	var running sync.WaitGroup
	running.Go(func() { toBackend = p.copy(p.backend, p.client) })
	toClient = p.copy(p.client, p.backend)
	running.Wait()
	return toBackend, toClient
}

// close ends both connections; again, it does nothing.
func (p *passage) close() {
	_ = p.client.Close()
	_ = p.backend.Close()
}

// copy moves bytes one way until that way has ended.
func (p *passage) copy(to, from *net.TCPConn) (bytes uint64) {
	for {
		// A way on which little moves shows that within half the time.
		if from.SetReadDeadline(time.Now().Add(p.idle/2)) != nil {
			return bytes
		}
		n, err := io.Copy(to, io.LimitReader(from, passageChunk))
		if n > 0 {
			bytes += uint64(n)
			p.watch.Reset(p.idle)
		}
		switch {
		case err == nil && n == passageChunk, errors.Is(err, os.ErrDeadlineExceeded):
		case err == nil: // one says no more; the other may go on
			_ = to.CloseWrite()
			return bytes
		default:
			p.close()
			return bytes
		}
	}
}
