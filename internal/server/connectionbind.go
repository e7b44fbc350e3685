package server

import (
	"bytes"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// connectionBind serves a ConnectionBind request, RFC 6062 section 5.4: the
// connection that it came by becomes the client data connection of a connection to
// a peer. From the answer on, this server reads no more messages from it.
//
// The request may be on another worker than the allocation. It needs nothing of
// that one: whose the connection is, the TCP relay knows.
func (h *Handler) connectionBind(r *request) error {
	if !r.isByStream() || h.table.Find(r.tuple) != nil || h.expected[r.tuple] != nil { // a control connection stays one
		return errBadRequest
	}
	id, hasID, err := r.msg.ConnectionID()
	if err != nil || !hasID {
		return errBadRequest
	}
	binding, err := h.server.config.TCPRelay.Bind(id, relayUser(r))
	if err != nil {
		return err
	}
	h.success(r)
	h.finish(r)
	answer := bytes.Clone(h.answer.Bytes())
	isThere := h.worker.HandOver(r.from.Stream, func(given fastpath.Handover) {
		binding.Run(given.Conn, given.In, append(given.Out, answer...))
	})
	if !isThere {
		binding.Abandon()
	}
	return nil
}

// checkNonce checks the nonce of a request. That of a ConnectionBind may have been
// made for the control connection, which has another port: clients use it, as there
// was no other answer that could have given them one.
func (h *Handler) checkNonce(r *request, nonce []byte, auth *authn.Authenticator) authn.NonceStatus {
	status := h.server.nonces.Check(nonce, r.from.Client, auth.Realm(), auth.Features())
	if status == authn.NonceValid || r.msg.Method != wire.MethodConnectionBind || h.server.config.TCPRelay == nil {
		return status
	}
	id, hasID, err := r.msg.ConnectionID()
	if err != nil || !hasID {
		return status
	}
	control, ok := h.server.config.TCPRelay.Control(id)
	if !ok {
		return status
	}
	return h.server.nonces.Check(nonce, control, auth.Realm(), auth.Features())
}
