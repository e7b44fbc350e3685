package server

import (
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// authenticate runs the long-term credential mechanism of RFC 8489 section
// 9.2.4 for a request. On success the request knows its user and its answers
// will be signed; where anonymous relaying is allowed, a request without
// credentials passes as it is. Nothing is remembered of a request that fails.
func (h *Handler) authenticate(r *request) error {
	auth := h.settings.Authenticator
	switch integrity := r.msg.Integrity(); {
	case integrity == wire.IntegrityMalformed:
		h.counts.authFailures[authIncomplete].Add(1)
		return errBadRequest
	case r.msg.Has(wire.AttrMessageIntegrity):
	case auth.Anonymous() && integrity == wire.IntegrityNone:
		return nil
	default:
		return h.unauthorized(authNone)
	}
	username, hasUsername := r.msg.Get(wire.AttrUsername)
	realm, hasRealm := r.msg.Get(wire.AttrRealm)
	nonce, hasNonce := r.msg.Get(wire.AttrNonce)
	if !hasUsername || !hasRealm || !hasNonce {
		h.counts.authFailures[authIncomplete].Add(1)
		return errBadRequest
	}
	switch h.server.nonces.Check(nonce, r.from.Client, auth.Realm()) {
	case authn.NonceValid:
	case authn.NonceStale:
		h.counts.authFailures[authStaleNonce].Add(1)
		return errStaleNonce
	default:
		h.counts.authFailures[authForeignNonce].Add(1)
		return errStaleNonce
	}
	if string(realm) != auth.Realm() {
		return h.unauthorized(authRealm)
	}
	return h.verify(r, string(username))
}

// verify checks the integrity of a request against every key that its
// username may stand for.
func (h *Handler) verify(r *request, username string) error {
	purpose := authn.PurposeOther
	if r.msg.Method == wire.MethodAllocate {
		purpose = authn.PurposeAllocate
	}
	credential, status := h.settings.Authenticator.Verify(username, purpose, func(key authn.Key) bool {
		return r.msg.CheckIntegrity(key.MD5[:])
	})
	switch status {
	case authn.Found:
		r.username, r.credential, r.isSigned = username, credential, true
		return nil
	case authn.Expired:
		return h.unauthorized(authExpired)
	case authn.Pending:
		return h.park(r, username)
	default:
		return h.unauthorized(authWrong)
	}
}

func (h *Handler) unauthorized(cause authCause) error {
	h.counts.authFailures[cause].Add(1)
	return errUnauthorized
}
