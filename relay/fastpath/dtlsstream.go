package fastpath

import (
	"fmt"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// secureDatagrams is what a stream of DTLS has in place of a connection.
type secureDatagrams struct {
	cipher   *dtls.Cipher
	cid      dtls.CID
	hasCID   bool
	random   [32]byte      // of the ClientHello
	peer     *dtlsPeer     // nil: the client has moved, or is gone
	client   udpbatch.Addr // where the client is now
	listener ListenerID    // that it has reached last

	// handshake may have to repeat its end, until the client shows that it has it;
	// then it is nil.
	handshake   Handshake
	handshakeID DTLSID
}

// DTLSResult is what a handshake has led to.
type DTLSResult struct {
	Keys       dtls.Keys
	ServerName string // that the client asked for, in lower case; may be empty
	// Settle is as in Stream.
	Settle func()
}

// EstablishDTLS makes the worker serve the client of a handshake that has ended
// well. On an error the result is settled, and the handshake released. It is for
// Post.
func (w *Worker) EstablishDTLS(id DTLSID, result DTLSResult) (StreamID, error) {
	t := &w.dtls
	p := t.byID[id]
	if p == nil || p.pending == nil || p.pending.id != id {
		if result.Settle != nil {
			result.Settle()
		}
		return 0, fmt.Errorf("establish DTLS: %w", ErrNoHandshake)
	}
	cipher, err := dtls.NewCipher(&result.Keys)
	if err == nil && result.Keys.HasCID && t.byCID[result.Keys.CID] != nil {
		err = ErrExists
	}
	if err != nil {
		if result.Settle != nil {
			result.Settle()
		}
		w.AbandonDTLS(id)
		return 0, fmt.Errorf("establish DTLS with %s: %w", p.path.client.AddrPort(), err)
	}
	pending := p.pending
	p.pending = nil
	c := &clientStream{
		Stream: Stream{
			Client: p.path.client.AddrPort(), Server: w.ListenerAddr(p.path.listener), Settle: result.Settle,
		},
		transport: TransportDTLS,
		name:      result.ServerName,
		opened:    w.mono, heard: w.mono,
		secure: &secureDatagrams{
			cipher: cipher, cid: result.Keys.CID, hasCID: result.Keys.HasCID, random: pending.random,
			peer: p, client: p.path.client, listener: p.path.listener,
			handshake: pending.handshake, handshakeID: id,
		},
	}
	if p.stream != nil {
		w.closeStream(p.stream, CloseReplaced)
	}
	w.replaceStream(c)
	w.placeStream(c, w.streams.take())
	p.stream = c
	t.byPath[p.path] = p // closing the one before may have removed it
	if c.secure.hasCID {
		t.byCID[c.secure.cid] = c
	}
	early := make([]passedOn, 0, len(pending.early))
	for _, b := range pending.early {
		early = append(early, passedOn{p.path, b})
	}
	w.inject(early)
	return c.id, nil
}

// placeStream gives a stream its number and its place among the others.
func (w *Worker) placeStream(c *clientStream, index uint32) {
	t := &w.streams
	t.serial++
	c.id = StreamID(t.serial)<<32 | StreamID(index)
	c.key = streamKey(c.id)
	t.byIndex[index], t.byPath[c.path()] = c, index
	t.open[c.transport]++
}

// replaceStream closes the stream that has the addresses of a new one.
func (w *Worker) replaceStream(c *clientStream) {
	if old := w.streams.byPath[c.path()]; old != 0 {
		w.closeStream(w.streams.byIndex[old], CloseReplaced)
	}
}

// hasMoved says whether a client of DTLS has gone on from another address.
func (s *clientStream) hasMoved() bool { return s.secure != nil && s.secure.peer == nil }

// closeSecure says goodbye to a client of DTLS and forgets its association.
func (w *Worker) closeSecure(s *clientStream) {
	d, t := s.secure, &w.dtls
	w.settleHandshake(d)
	w.sendSecure(s, dtls.TypeAlert, dtls.CloseNotify[:])
	if d.hasCID {
		delete(t.byCID, d.cid)
	}
	if p := d.peer; p != nil {
		p.stream = nil
		w.forgetPath(p)
		d.peer = nil
	}
}

// settleHandshake ends the handshake of an association: its client has got all of
// it, or never will.
func (w *Worker) settleHandshake(d *secureDatagrams) {
	if d.handshake == nil {
		return
	}
	d.cipher.Start(d.handshake.Release())
	d.handshake = nil
	delete(w.dtls.byID, d.handshakeID)
}

// moveTo takes note of a client's new address, by a record of it that is newer than
// all others (RFC 9146 section 6). From here on the client is found by its
// connection ID alone.
func (w *Worker) moveTo(s *clientStream, client udpbatch.Addr, listener ListenerID) {
	d := s.secure
	if p := d.peer; p != nil {
		p.stream = nil
		w.forgetPath(p)
		d.peer = nil
	}
	d.client, d.listener = client, listener
	w.counters.add(countDTLSMoves, 1)
}
