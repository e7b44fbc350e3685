package server

import (
	"errors"
	"slices"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// request is one STUN request on its way through the server.
type request struct {
	msg   *wire.Message
	from  *fastpath.Message
	tuple allocation.FiveTuple
	realm *realm // that the client is asked to authenticate in

	// Set by authenticate.
	username   string
	credential authn.Credential
	protection protection
	isSigned   bool // the answer carries an integrity attribute
}

// Outcomes without an answer.
var (
	errParked  = errors.New("parked until a back-end answers")
	errIgnored = errors.New("not a method that this server serves, or nobody can tell its user")
)

// dispatch runs the method of a request. On nil the method has answered.
func (h *Handler) dispatch(r *request) error {
	if r.msg.Method == wire.MethodBinding {
		if h.settings.NoBinding {
			return errIgnored
		}
		if err := h.checkRequired(r); err != nil {
			return err
		}
		return h.binding(r)
	}
	serve := h.turnMethod(r.msg.Method)
	if serve == nil {
		return errIgnored
	}
	if err := h.authenticate(r); err != nil {
		return err
	}
	if r.from.Via == nil { // else it is not a stream of this worker
		h.worker.Authenticated(r.from.Stream)
	}
	if err := h.checkRequired(r); err != nil {
		return err
	}
	return serve(r)
}

// turnMethod returns the function for a TURN request, nil for a method that
// a client has no business sending as a request: such a message is dropped
// silently, RFC 8489 section 6.3.
func (h *Handler) turnMethod(method wire.Method) func(*request) error {
	if h.settings.STUNOnly {
		return nil
	}
	switch method {
	case wire.MethodAllocate:
		return h.allocate
	case wire.MethodRefresh:
		return h.refresh
	case wire.MethodCreatePermission:
		return h.createPermission
	case wire.MethodChannelBind:
		return h.channelBind
	}
	if h.server.config.TCPRelay != nil {
		switch method {
		case wire.MethodConnect:
			return h.connect
		case wire.MethodConnectionBind:
			return h.connectionBind
		}
	}
	return nil
}

// checkRequired refuses attributes that must be understood and are not, RFC
// 8489 section 6.3.1.
func (h *Handler) checkRequired(r *request) error {
	if len(h.unknownRequired(r)) > 0 {
		return errUnknownRequired
	}
	return nil
}

// unknownRequired lists the comprehension-required attributes of a request
// that this server does not act on.
func (h *Handler) unknownRequired(r *request) []wire.AttrType {
	h.unknown = r.msg.UnknownRequired(h.unknown[:0])
	// The codec understands these two, the server only if it has offered them.
	offered := r.realm.auth.Features()
	if offered.Algorithm == 0 && r.msg.Has(wire.AttrPasswordAlgorithm) {
		h.unknown = append(h.unknown, wire.AttrPasswordAlgorithm)
	}
	if !offered.UserHash && r.msg.Has(wire.AttrUserHash) {
		h.unknown = append(h.unknown, wire.AttrUserHash)
	}
	if r.realm.auth.TokenServer() != "" && len(h.unknown) > 0 {
		h.unknown = slices.DeleteFunc(h.unknown, func(t wire.AttrType) bool { return t == wire.AttrAccessToken })
	}
	if _, ok := h.discoveryAt(r); ok && len(h.unknown) > 0 {
		h.unknown = slices.DeleteFunc(h.unknown, func(t wire.AttrType) bool { return slices.Contains(discoveryAttributes, t) })
	}
	if h.server.config.TCPRelay != nil && r.msg.Method == wire.MethodConnectionBind {
		h.unknown = slices.DeleteFunc(h.unknown, func(t wire.AttrType) bool { return t == wire.AttrConnectionID })
	}
	// RFC 8656 section 7.2, step 4.
	if !udpbatch.HasDontFragment && r.msg.Has(wire.AttrDontFragment) {
		h.unknown = append(h.unknown, wire.AttrDontFragment)
	}
	return h.unknown
}

// allocationOf finds the allocation that a request acts on and checks that
// its user is the one who made it, RFC 8656 section 5. A five-tuple that has
// resumed it will do as well as its own.
func (h *Handler) allocationOf(r *request) (*allocation.Allocation, error) {
	a := h.table.Find(r.tuple)
	if m := h.leaving[r.tuple]; a == nil && m != nil {
		a = h.table.Find(m.home.tuple)
	}
	if a == nil {
		return nil, h.elsewhere(r)
	}
	if !h.owns(r, a) {
		return nil, errWrongUser
	}
	return a, nil
}

// owns reports whether an allocation was made by the user of a request. A token
// does not say whose it is, and its kid changes with the key of the authorization
// server: those of one tenant stand for each other.
func (h *Handler) owns(r *request, a *allocation.Allocation) bool {
	kept := h.held.at(a.Handle)
	switch {
	case kept.realm != r.realm.auth.Realm() || kept.isByToken() != r.credential.IsToken:
		return false
	case kept.isByToken():
		return kept.tenant == r.credential.Tenant
	}
	return a.Username == r.username
}
