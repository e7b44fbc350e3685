package fastpath

import "github.com/fairlead/fairlead/internal/dtls"

// maxWaitingAnswers is how many bytes of answers may wait for a client that
// takes nothing, before its requests are not read any more.
const maxWaitingAnswers = 16 << 10

// queueToStream puts a framed datagram, which is the three parts in a row, behind
// what waits for the client. The oldest datagrams make room: what comes late is
// of less use than what is new.
func (w *Worker) queueToStream(a *allocation, header, payload, tail []byte) DropReason {
	t := &w.streams
	s := t.byIndex[a.stream]
	if s == nil || s.dying != closeNone {
		return DropNoListener
	}
	size, limit := len(header)+len(payload)+len(tail), t.limits.BacklogBytes
	if s.out.len()+size > limit && !s.send {
		w.sendStream(s) // much came in one round
	}
	for s.out.len()+size > limit {
		if !s.out.dropOldest() {
			return DropClientBacklog
		}
		w.dropFromBacklog(s)
	}
	room := s.out.reserve(&t.buffers, size)
	n := copy(room, header)
	n += copy(room[n:], payload)
	copy(room[n:], tail)
	w.touchStream(s)
	return dropNone
}

func (w *Worker) dropFromBacklog(s *clientStream) {
	w.counters.drop(DropClientBacklog)
	if a, ok := w.tables.liveAllocation(s.allocation); ok {
		a.traffic.Dropped++
	}
}

// replyToStream queues an answer.
func (w *Worker) replyToStream(id StreamID, answer []byte) {
	s := w.streams.get(id)
	if s == nil {
		w.counters.drop(DropNoListener)
		return
	}
	if s.secure != nil {
		w.sendSecure(s, dtls.TypeApplicationData, answer)
		return
	}
	copy(s.out.reserve(&w.streams.buffers, len(answer)), answer)
	s.out.answers += len(answer)
	w.touchStream(s)
}

// touchStream puts a stream into the list of those to be sent to at the end of
// the round.
func (w *Worker) touchStream(s *clientStream) {
	if !s.touched {
		s.touched = true
		w.streams.touched = append(w.streams.touched, s)
	}
}

// flushStreams sends what waits, by one call for each stream.
func (w *Worker) flushStreams() {
	t := &w.streams
	for _, s := range t.touched {
		s.touched = false
		if t.get(s.id) == s {
			w.sendStream(s)
		}
	}
	clear(t.touched)
	t.touched = t.touched[:0]
}

// sendStream sends what the socket takes of what waits for a client. It watches
// the socket for room while something is left, and for requests unless too many
// answers are.
func (w *Worker) sendStream(s *clientStream) {
	n, open := s.Conn.Send(s.out.bytes())
	w.counters.add(countSendCalls, 1)
	w.countDeparture(s, s.out.advance(n))
	if !open {
		w.doom(s, CloseClient)
		return
	}
	if s.out.len() == 0 {
		w.streams.buffers.put(s.out.buf)
		s.out = backlog{}
	}
	isBlocked := s.out.len() > 0 || s.Conn.Unsent()
	w.watchStream(s, !s.held && (!isBlocked || s.out.answers <= maxWaitingAnswers), isBlocked)
}

// watchStream changes what the poller reports of a stream.
func (w *Worker) watchStream(s *clientStream, recv, send bool) {
	if s.recv == recv && s.send == send {
		return
	}
	if recv && !s.recv && s.Conn.More() {
		w.serveAgain(s)
	}
	s.recv, s.send = recv, send
	if w.poller.WatchStream(s.Conn, streamToken|s.id.index(), recv, send) != nil {
		w.doom(s, CloseClient) // never seen; it would be deaf from here on
	}
}

// countDeparture accounts for what has begun to leave.
func (w *Worker) countDeparture(s *clientStream, d departure) {
	w.counters.add(countReplies, uint64(d.answers))
	if d.packets == 0 {
		return
	}
	w.counters.add(countToClientPackets, uint64(d.packets))
	w.counters.add(countToClientBytes, uint64(d.bytes))
	if a, ok := w.tables.liveAllocation(s.allocation); ok {
		a.traffic.ToClientPackets += uint64(d.packets)
		a.traffic.ToClientBytes += uint64(d.bytes)
	}
}
