package server

import (
	"errors"

	"github.com/fairlead/fairlead/internal/wire"
)

// success starts the success response to a request. The caller adds the
// attributes of the method, then calls send.
func (h *Handler) success(r *request) *wire.Builder {
	h.answer.Answer(r.msg, wire.ClassSuccess)
	return &h.answer
}

// send completes the response under construction and hands it to the worker.
func (h *Handler) send(r *request) {
	h.finish(r)
	h.worker.Reply(r.from, h.answer.Bytes())
}

// finish adds what stands at the end of every response.
func (h *Handler) finish(r *request) {
	if h.settings.Software != "" {
		h.answer.Software(h.settings.Software)
	}
	if r.isSigned {
		r.protection.sign(&h.answer, &r.credential.Key)
	}
	if r.msg.HasFingerprint() {
		h.answer.Fingerprint()
	}
}

// refuse answers a request with the error code that stands for err. Reason
// phrases stay empty, so that an answer is hardly longer than its request.
func (h *Handler) refuse(r *request, err error) {
	code := codeOf(err)
	h.counts.errors[methodIndex(r.msg.Method)].add(code)
	if !r.isSigned && !h.server.config.Limiter.Allow(r.from.Client.Addr(), h.nowNs) {
		h.counts.limited.Add(1)
		return
	}
	h.answer.Answer(r.msg, wire.ClassError)
	h.answer.ErrorCode(code)
	switch {
	case errors.Is(err, errUnauthorized), errors.Is(err, errStaleNonce):
		h.challenge(r)
	case errors.Is(err, errTryAlternate):
		h.tryAlternate()
	case errors.Is(err, errUnknownRequired):
		h.answer.UnknownAttributes(h.unknown)
	}
	h.send(r)
}

// challenge adds what a client needs to authenticate, RFC 8489 section 9.2.4.
func (h *Handler) challenge(r *request) {
	realm, announced := r.realm.auth.Realm(), r.realm.auth.Features()
	h.nonce = h.server.nonces.Mint(h.nonce[:0], r.from.Client, realm, announced)
	h.answer.Realm(realm)
	h.answer.Nonce(h.nonce)
	if name := r.realm.auth.TokenServer(); name != "" {
		h.answer.Attribute(wire.AttrThirdPartyAuthorization, []byte(name))
	}
	if announced.Algorithm != 0 {
		h.answer.PasswordAlgorithms(announced.Algorithm)
	}
}
