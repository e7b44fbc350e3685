package server

import (
	"bytes"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// postponed is an authenticated request that is answered later, and not handled
// again: it keeps all that its answer is made of.
type postponed struct {
	request request
	from    fastpath.Message
}

// postpone keeps a request beyond its batch.
func (h *Handler) postpone(r *request) *postponed {
	p := &postponed{request: *r, from: *r.from}
	p.from.Data = bytes.Clone(r.from.Data)
	return p
}

// conclude answers a postponed request on its worker: do has answered, or returns what
// to refuse it for. A client that is gone meanwhile gets nothing.
func (h *Handler) conclude(w *fastpath.Worker, p *postponed, do func(*request) error) {
	h.enter(w)
	h.msg.Walk(p.from.Data) // it was walked before
	r := &h.request
	*r = p.request
	r.msg, r.from = &h.msg, &p.from
	if err := do(r); err != nil {
		h.refuse(r, err)
	}
}
