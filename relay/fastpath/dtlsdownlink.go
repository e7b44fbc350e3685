package fastpath

import "github.com/fairlead/fairlead/internal/dtls"

// sealedBytes is room for the records of one batch, of which most are as long as a
// link takes. When it is used up, the batch leaves; the longest record fits.
const sealedBytes = 128 << 10

// sealedRoom returns room for a record of n bytes that is part of the next batch. It
// may send the one before.
func (w *Worker) sealedRoom(n int) []byte {
	t := &w.dtls
	if t.sealed == nil {
		t.sealed = make([]byte, sealedBytes)
	}
	if t.used+n > len(t.sealed) {
		w.flushClients()
	}
	room := t.sealed[t.used : t.used+n : t.used+n]
	t.used += n
	return room
}

// secureStream is the client of an allocation if that uses DTLS, or nil.
func (w *Worker) secureStream(a *allocation) *clientStream {
	if s := w.streams.byIndex[a.stream]; s != nil && s.secure != nil {
		return s
	}
	return nil
}

// queueToSecure seals a framed datagram with n bytes of payload, which is the three
// parts in a row, and queues it for the client.
func (w *Worker) queueToSecure(id AllocationID, a *allocation, s *clientStream, n int, header, payload, tail []byte) DropReason {
	c, l := s.secure.cipher, w.listener(s.secure.listener)
	if l == nil || s.dying != closeNone {
		return DropNoListener
	}
	size := len(header) + len(payload) + len(tail)
	if size > dtls.MaxPlaintext || size+c.Overhead() > int(a.clientLimit) {
		return DropTooLong
	}
	w.makeRoom(l)
	record := w.sealedRoom(size + c.Overhead())
	content := record[c.Prefix():]
	m := copy(content, header)
	m += copy(content[m:], payload)
	copy(content[m:], tail)
	record = c.Seal(record, dtls.TypeApplicationData, size)
	if record == nil {
		w.doom(s, CloseClient)
		return DropDTLSRecord
	}
	w.queueToClient(l, outgoing{id, uint32(n)})
	l.batch.Append(record, &s.secure.client)
	w.countToClient(a, n)
	return dropNone
}

// sendSecure seals an answer or an alert, and queues it.
func (w *Worker) sendSecure(s *clientStream, kind uint8, content []byte) {
	c, l := s.secure.cipher, w.listener(s.secure.listener)
	if l == nil {
		w.counters.drop(DropNoListener)
		return
	}
	w.makeRoom(l)
	room := w.sealedRoom(len(content) + c.Overhead())
	copy(room[c.Prefix():], content)
	record := c.Seal(room, kind, len(content))
	if record == nil {
		w.counters.drop(DropDTLSRecord)
		return
	}
	w.queueToClient(l, outgoing{})
	l.batch.Append(record, &s.secure.client)
	w.counters.add(countReplies, 1)
}
