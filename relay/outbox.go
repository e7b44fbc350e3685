package relay

import (
	"sync"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// outbox takes the datagrams of a handshake to the worker that sends them.
type outbox struct {
	worker *fastpath.Worker
	id     fastpath.DTLSID

	mu    sync.Mutex
	queue [][]byte // guarded by mu
}

// maxOutbox bounds what waits for a worker that is behind. What is lost is sent
// again.
const maxOutbox = 16

// put queues a datagram. Whoever finds the queue empty tells the worker.
func (o *outbox) put(datagram []byte) {
	o.mu.Lock()
	isFirst := len(o.queue) == 0
	if len(o.queue) < maxOutbox {
		o.queue = append(o.queue, datagram)
	}
	o.mu.Unlock()
	if !isFirst {
		return
	}
	if o.worker.Post(func(w *fastpath.Worker) { w.SendHandshake(o.id, o.take()) }) != nil {
		o.take()
	}
}

func (o *outbox) take() [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.queue
	o.queue = nil
	return taken
}
