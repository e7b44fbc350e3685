package fastpath

import (
	"net/netip"

	"github.com/fairlead/fairlead/internal/access"
)

// Who may not be a client gets no cookie of DTLS, cannot move to where it may not be,
// and loses its streams. All else of it is for control code to refuse: data of it
// finds no allocation.

// refusals are the reasons for what comes from an address that may not be a client's.
var refusals = [access.NumVerdicts]DropReason{
	access.Admitted: dropNone,
	access.Denied:   DropClientDenied,
	access.Banned:   DropClientBanned,
}

// refusal is why nothing is taken from an address; dropNone: it may be a client's.
func (w *Worker) refusal(client netip.Addr) DropReason { return refusals[w.cfg.Clients.Judge(client)] }

// CloseDenied closes a stream whose client Config.Clients does not admit, at the end
// of the round. A stream that is gone, and 0, do nothing.
func (w *Worker) CloseDenied(id StreamID) {
	if s := w.streams.get(id); s != nil {
		w.doom(s, CloseDenied)
	}
}

// CloseAllDenied closes the streams of clients that Config.Clients does not admit, at
// the end of the round. It looks at n places from one on and returns the next one;
// false: there are none left. It is for Post.
func (w *Worker) CloseAllDenied(from, n int) (next int, more bool) {
	places := w.streams.byIndex
	for ; n > 0 && from < len(places); from, n = from+1, n-1 {
		if s := places[from]; s != nil && !w.admits(s) {
			w.doom(s, CloseDenied)
		}
	}
	return from, from < len(places)
}

// admits judges a stream by where its client began, and by where it now is.
func (w *Worker) admits(s *clientStream) bool {
	if w.refusal(s.Client.Addr()) != dropNone {
		return false
	}
	return !s.hasMoved() || w.refusal(s.secure.client.Addr()) == dropNone
}
