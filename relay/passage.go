package relay

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// passageChunk is how much one call copies at most: much for the kernel, which moves
// it between the sockets (splice), and an end at which the time is looked at.
const passageChunk = 1 << 20

// passageCount is how far behind the counted bytes are at most. Each way wakes up that
// often, which costs microseconds.
const passageCount = time.Second

// passage copies between a client and a backend.
type passage struct {
	client, backend *net.TCPConn
	idle            time.Duration
	counts          *passedBytes // of all passages
	watch           *time.Timer  // closes both when nothing has moved for long
}

// passedBytes counts what passages have copied.
type passedBytes struct{ toBackend, toClient atomic.Uint64 }

func newPassage(client, backend *net.TCPConn, idle time.Duration, counts *passedBytes) *passage {
	p := &passage{client: client, backend: backend, idle: idle, counts: counts}
	p.watch = time.AfterFunc(p.idle, p.close)
	return p
}

// run copies until both ends have ended, one has failed, or neither has said anything
// for the time of idle.
func (p *passage) run() {
	defer p.watch.Stop()
	var running sync.WaitGroup
	running.Go(func() { p.copy(p.backend, p.client, &p.counts.toBackend) })
	p.copy(p.client, p.backend, &p.counts.toClient)
	running.Wait()
}

// close ends both connections; again, it does nothing.
func (p *passage) close() {
	_ = p.client.Close()
	_ = p.backend.Close()
}

// copy moves bytes one way until that way has ended.
func (p *passage) copy(to, from *net.TCPConn, bytes *atomic.Uint64) {
	for {
		// A way on which little moves shows that within half the time.
		if from.SetReadDeadline(time.Now().Add(min(p.idle/2, passageCount))) != nil {
			return
		}
		n, err := io.Copy(to, io.LimitReader(from, passageChunk))
		if n > 0 {
			bytes.Add(uint64(n))
			p.watch.Reset(p.idle)
		}
		switch {
		case err == nil && n == passageChunk, errors.Is(err, os.ErrDeadlineExceeded):
		case err == nil: // one says no more; the other may go on
			_ = to.CloseWrite()
			return
		default:
			p.close()
			return
		}
	}
}
