package fastpath

// makeRoom flushes when a listener's batch is full. Trains bring more packets
// than there are slots.
func (w *Worker) makeRoom(l *listener) {
	if l.batch.Full() {
		w.flushClients()
	}
}

// queueToClient notes whose packet is appended next to a listener's batch, which
// must have room.
func (w *Worker) queueToClient(l *listener, o outgoing) {
	l.waiting[l.batch.Len()] = o
	if !l.touched {
		l.touched = true
		w.down.touched = append(w.down.touched, l)
	}
}

// flushClients sends what waits on the listening sockets, which frees all
// slots, except those that are being served.
func (w *Worker) flushClients() {
	d := &w.down
	for _, l := range d.touched {
		s := l.conn.Send(l.batch)
		w.sent(s)
		if s.Failed > 0 {
			w.unsentToClient(l)
		}
		l.batch.Reset()
		l.touched = false
	}
	d.touched = d.touched[:0]
	d.used = 0
	w.control.replies = 0
	w.dtls.used = 0
}

// unsentToClient turns datagrams that did not leave from traffic, or answers,
// into drops.
func (w *Worker) unsentToClient(l *listener) {
	for i := range l.batch.Len() {
		errno := l.batch.Err(i)
		if errno == 0 {
			continue
		}
		w.counters.drop(dropOf(errno))
		o := l.waiting[i]
		if o.allocation == 0 {
			w.counters.take(countReplies, 1)
			continue
		}
		a := w.tables.allocations.at(o.allocation)
		a.traffic.ToClientPackets--
		a.traffic.ToClientBytes -= uint64(o.payload)
		a.traffic.Dropped++
		w.counters.take(countToClientPackets, 1)
		w.counters.take(countToClientBytes, uint64(o.payload))
	}
}
