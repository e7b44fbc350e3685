package fastpath

import (
	"encoding/binary"
	"time"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// fromStranger decides about a datagram from where there is no association, or a
// ClientHello. Only one with a cookie leaves anything behind. p is what there is at
// the path, if anything.
func (w *Worker) fromStranger(p *dtlsPeer, id ListenerID, v view, b []byte) DropReason {
	if w.dtls.off {
		return DropDTLS
	}
	if !dtls.IsHello(b) {
		return DropDTLSStranger
	}
	if reason := w.refusal(w.up.from[v.slot].Addr()); reason != dropNone {
		return reason
	}
	hello, ok := dtls.ParseHello(b)
	if !ok {
		return DropDTLSRecord
	}
	if p != nil && p.pending != nil && p.pending.random == hello.Random && hello.MessageSequence > 0 {
		return p.pending.deliver(b) // again
	}
	path, now := w.cookiePath(id, v.slot), uint32(w.mono/int64(time.Second))
	if hello.MessageSequence == 0 {
		return w.askForCookie(id, v, &hello, &path, now)
	}
	// The library that runs handshakes counts on these numbers, which are those of
	// every client that was asked for a cookie once.
	if hello.MessageSequence != 1 || hello.RecordSequence == 0 || !w.dtls.jar.Check(&path, &hello, now) {
		return DropDTLSCookie
	}
	if p != nil && p.stream != nil && p.stream.secure.random == hello.Random {
		return DropDTLSRecord // a copy of the one that has led to this association
	}
	return w.beginHandshake(p, id, v, b, &hello)
}

// cookiePath is the path of a datagram as cookies have it.
func (w *Worker) cookiePath(id ListenerID, slot int) (path dtls.Path) {
	from, server := &w.up.from[slot], udpbatch.AddrOf(w.ListenerAddr(id))
	copy(path[:], from.IP[:])
	binary.BigEndian.PutUint16(path[16:], from.Port)
	copy(path[18:], server.IP[:])
	binary.BigEndian.PutUint16(path[34:], server.Port)
	return path
}

// askForCookie answers a first ClientHello.
func (w *Worker) askForCookie(id ListenerID, v view, hello *dtls.Hello, path *dtls.Path, now uint32) DropReason {
	l := w.listener(id)
	if l == nil {
		return DropNoListener
	}
	w.makeRoom(l)
	var cookie [dtls.CookieSize]byte
	w.dtls.jar.Put(&cookie, path, hello, now)
	record := w.sealedRoom(dtls.VerifyRequestSize)
	dtls.VerifyRequest((*[dtls.VerifyRequestSize]byte)(record), hello, &cookie)
	w.queueToClient(l, outgoing{})
	l.batch.Append(record, &w.up.from[v.slot])
	w.counters.add(countReplies, 1)
	w.counters.add(countHelloVerifies, 1)
	return dropNone
}

// beginHandshake has a handshake begun for a client whose cookie is good. An older
// one on the path, of another ClientHello, is given up.
func (w *Worker) beginHandshake(p *dtlsPeer, id ListenerID, v view, b []byte, hello *dtls.Hello) DropReason {
	t := &w.dtls
	t.serial++
	from := w.up.from[v.slot]
	h := w.cfg.DTLS.Begin(w, DTLSClient{
		ID: t.serial, Client: from.AddrPort(), Server: w.ListenerAddr(id), Hello: b,
	})
	if h == nil {
		return DropDTLSHandshake
	}
	if p == nil {
		p = &dtlsPeer{path: dtlsPath{from, id}}
		t.byPath[p.path] = p
	}
	if p.pending != nil {
		delete(t.byID, p.pending.id)
		p.pending.handshake.Release()
	}
	p.pending = &pendingDTLS{id: t.serial, handshake: h, random: hello.Random}
	t.byID[t.serial] = p
	return dropNone
}

// AbandonDTLS forgets a handshake that has failed. One that is not under way does
// nothing. It is for Post.
func (w *Worker) AbandonDTLS(id DTLSID) {
	p := w.dtls.byID[id]
	if p == nil || p.pending == nil || p.pending.id != id {
		return
	}
	delete(w.dtls.byID, id)
	p.pending.handshake.Release()
	p.pending = nil
	w.forgetPath(p)
}

// closeHandshakes ends those under way on a worker that stops.
func (w *Worker) closeHandshakes() {
	for _, p := range w.dtls.byPath {
		if p.pending != nil {
			w.AbandonDTLS(p.pending.id)
		}
	}
}

// forgetPath removes a path with nobody at its end.
func (w *Worker) forgetPath(p *dtlsPeer) {
	if p.stream == nil && p.pending == nil {
		delete(w.dtls.byPath, p.path)
	}
}

// SendHandshake sends datagrams of a handshake to its client. They must stay as
// they are. One that is over does nothing. It is for Post.
func (w *Worker) SendHandshake(id DTLSID, datagrams [][]byte) {
	p := w.dtls.byID[id]
	if p == nil {
		return
	}
	l := w.listener(p.path.listener)
	for _, b := range datagrams {
		if l == nil {
			w.counters.drop(DropNoListener)
			continue
		}
		w.makeRoom(l)
		w.queueToClient(l, outgoing{})
		l.batch.Append(b, &p.path.client)
		w.counters.add(countReplies, 1)
	}
}
