package fastpath

import (
	"net/netip"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// DTLS says how a worker serves clients of DTLS. The zero value: not at all.
type DTLS struct {
	// Cookies is what a stranger has to bring back; nil: there is no DTLS. It is
	// the same on every worker.
	Cookies *dtls.Cookies
	// Begin starts the handshake of a client that has shown that its address is its
	// own. Nil: it cannot have one now. It is called on the worker's thread and must
	// not wait. EstablishDTLS or AbandonDTLS has to follow.
	Begin func(w *Worker, c DTLSClient) Handshake
	// Pass posts a function to another worker, for a client that has moved.
	Pass func(worker int, f func(*Worker)) error
	// Workers is how many workers there are.
	Workers int
	// Off refuses strangers; SetDTLS changes it.
	Off bool
}

// DTLSID names the handshake of a client on its worker, for good. 0 is none.
type DTLSID uint64

// DTLSClient is a client that begins a handshake.
type DTLSClient struct {
	ID             DTLSID
	Client, Server netip.AddrPort
	// Hello is the ClientHello with the cookie. It is valid until Begin returns.
	Hello []byte
}

// Handshake is a handshake that is under way elsewhere, or has ended and may have
// to repeat its end.
type Handshake interface {
	// Deliver copies a datagram of the client; false: there is no room for it.
	Deliver(datagram []byte) bool
	// Release ends it. It returns the number of the first record that may be sealed
	// with its keys.
	Release() (next uint64)
}

// dtlsPath is the path between a client and this server.
type dtlsPath struct {
	client   udpbatch.Addr
	listener ListenerID
}

// dtlsPeer is who is at the other end of a path: an association, a handshake that
// will lead to one, or both when a client begins anew.
type dtlsPeer struct {
	path    dtlsPath
	stream  *clientStream // nil: none yet
	pending *pendingDTLS  // nil: none
}

// pendingDTLS is a handshake under way.
type pendingDTLS struct {
	id        DTLSID
	handshake Handshake
	random    [32]byte // of its ClientHello
	early     [][]byte // datagrams that may hold application data
}

// maxEarly is how many such datagrams are kept, and of which size: a client may be
// faster than the news that its handshake has ended.
const (
	maxEarly      = 4
	maxEarlyBytes = 2048
)

// dtlsTable is what one worker knows of its clients of DTLS.
type dtlsTable struct {
	jar    *dtls.Jar // nil: no DTLS
	off    bool      // strangers are refused
	byPath map[dtlsPath]*dtlsPeer
	byID   map[DTLSID]*dtlsPeer // handshakes that may have something to send
	byCID  map[dtls.CID]*clientStream
	serial DTLSID

	again   []sealedView // as uplink.again, of clients of DTLS
	sealed  []byte       // records to be sent with the batch; nil before the first
	used    int          // of sealed
	passing [][]passedOn // by worker: what moved clients have sent; nil before the first
	waiting bool         // something is in passing
}

// sealedView is a decrypted datagram of a client.
type sealedView struct {
	stream *clientStream
	view   view
}

func newDTLSTable(cfg DTLS) dtlsTable {
	var t dtlsTable
	if cfg.Cookies != nil {
		t.jar, t.off = cfg.Cookies.Jar(), cfg.Off
		t.byPath = make(map[dtlsPath]*dtlsPeer)
		t.byID = make(map[DTLSID]*dtlsPeer)
		t.byCID = make(map[dtls.CID]*clientStream)
	}
	return t
}

// SetDTLS says whether strangers can begin an association; those that there are stay.
// It is for Post.
func (w *Worker) SetDTLS(on bool) { w.dtls.off = !on }

// fromDTLS decides about a datagram that begins with a record of DTLS (RFC 7983).
func (w *Worker) fromDTLS(id ListenerID, v view, b []byte) DropReason {
	t := &w.dtls
	if t.jar == nil {
		return DropDTLS
	}
	if b[0] == dtls.TypeCID {
		return w.fromCID(id, v, b)
	}
	p := t.byPath[dtlsPath{w.up.from[v.slot], id}]
	switch {
	case p == nil:
		return w.fromStranger(nil, id, v, b)
	case p.stream != nil:
		return w.openDatagram(p.stream, p, id, v, b)
	case dtls.IsHello(b):
		return w.fromStranger(p, id, v, b)
	}
	return p.pending.deliver(b)
}

// fromCID decides about a datagram that begins with a record that names its
// association (RFC 9146).
func (w *Worker) fromCID(id ListenerID, v view, b []byte) DropReason {
	t := &w.dtls
	r, ok := dtls.ParseRecord(b)
	if !ok {
		return DropDTLSRecord
	}
	p := t.byPath[dtlsPath{w.up.from[v.slot], id}]
	if s := t.byCID[r.CID]; s != nil {
		return w.openDatagram(s, p, id, v, b)
	}
	if owner := r.CID.Worker(); owner != w.cfg.ID {
		return w.passOn(owner, id, v, b)
	}
	if p != nil && p.pending != nil {
		return p.pending.deliver(b)
	}
	return DropDTLSStranger
}

// keep keeps what may be application data of the association to come; false: there
// is no room.
func (p *pendingDTLS) keep(b []byte) bool {
	if len(p.early) == maxEarly || len(b) > maxEarlyBytes {
		return false
	}
	p.early = append(p.early, b)
	return true
}

// deliver gives a datagram to a handshake, and keeps what the handshake may be over
// for.
func (p *pendingDTLS) deliver(b []byte) DropReason {
	r, ok := dtls.ParseRecord(b)
	if !ok {
		return DropDTLSRecord
	}
	taken := false
	isData := r.Type == dtls.TypeApplicationData
	// Only once it is open is it known what a record with a connection ID is.
	if isData || r.Type == dtls.TypeCID {
		taken = p.keep(append([]byte(nil), b...))
	}
	if !isData && p.handshake.Deliver(b) {
		taken = true
	}
	if !taken {
		return DropDTLSHandshake
	}
	return dropNone
}
