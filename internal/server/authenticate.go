package server

import (
	"context"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// authenticate runs the long-term credential mechanism of RFC 8489 section
// 9.2.4 for a request. On success the request knows its user and its answers
// will be signed; where anonymous relaying is allowed, a request without
// credentials passes as it is. Nothing is remembered of a request that fails.
//
// Deviation: the nonce comes first. A stale one needs no store, and only a valid
// one tells which password algorithms its client was offered.
func (h *Handler) authenticate(r *request) error {
	auth := r.realm.auth
	switch integrity := r.msg.Integrity(); {
	case integrity == wire.IntegrityMalformed:
		return h.badCredentials(authIncomplete)
	case integrity != wire.IntegrityNone:
	case auth.Anonymous():
		return nil
	default:
		return h.unauthorized(authNone)
	}
	hasName := r.msg.Has(wire.AttrUsername) || r.msg.Has(wire.AttrUserHash)
	realm, hasRealm := r.msg.Get(wire.AttrRealm)
	nonce, hasNonce := r.msg.Get(wire.AttrNonce)
	if !hasName || !hasRealm || !hasNonce {
		return h.badCredentials(authIncomplete)
	}
	offered := auth.Features()
	switch h.checkNonce(r, nonce, auth) {
	case authn.NonceValid:
	case authn.NonceStale:
		h.counts.authFailures[authStaleNonce].Add(1)
		return errStaleNonce
	default:
		h.counts.authFailures[authForeignNonce].Add(1)
		return errStaleNonce
	}
	var err error
	if r.protection, err = readProtection(r.msg, offered.Algorithm); err != nil {
		return h.badCredentials(authAlgorithms)
	}
	if string(realm) != auth.Realm() {
		return h.unauthorized(authRealm)
	}
	if err := h.checkToken(r); err != nil {
		return err
	}
	username, err := h.username(r)
	if err != nil {
		return err
	}
	if token, ok := r.msg.Get(wire.AttrAccessToken); ok {
		return h.verifyToken(r, username, token)
	}
	if h.isSession(r, username) {
		return nil
	}
	return h.verify(r, username)
}

// username reads the name of a request from USERNAME, or from USERHASH when it
// has no other. A hash that nobody knows gives an empty name, which is nobody's.
func (h *Handler) username(r *request) (string, error) {
	if name, ok := r.msg.Get(wire.AttrUsername); ok {
		return string(name), nil
	}
	hash, _, err := r.msg.UserHash()
	if err != nil {
		return "", h.badCredentials(authIncomplete)
	}
	auth := r.realm.auth
	name, status := auth.Username(hash)
	switch status {
	case authn.Pending:
		return "", h.park(r, func(ctx context.Context) error { return auth.FetchHash(ctx, hash) })
	case authn.Unavailable:
		return "", h.unavailable()
	}
	return name, nil
}

// verify checks the integrity of a request against every key that its
// username may stand for.
func (h *Handler) verify(r *request, username string) error {
	purpose := authn.PurposeOther
	if r.msg.Method == wire.MethodAllocate {
		purpose = authn.PurposeAllocate
	}
	auth := r.realm.auth
	credential, status := auth.Verify(username, purpose, func(key authn.Key) bool {
		return r.protection.fits(r.msg, &key)
	})
	switch status {
	case authn.Found:
		return h.accept(r, username, credential)
	case authn.Expired:
		return h.unauthorized(authExpired)
	case authn.Pending:
		return h.park(r, func(ctx context.Context) error { return auth.Fetch(ctx, username) })
	case authn.Unavailable:
		return h.unavailable()
	default:
		return h.unauthorized(authWrong)
	}
}

// accept ends the authentication of a request by a right credential, which may
// have been taken back.
func (h *Handler) accept(r *request, username string, credential authn.Credential) error {
	if h.server.isRevoked(r.realm.auth.Realm(), username, credential) {
		return h.unauthorized(authRevoked)
	}
	r.username, r.credential, r.isSigned = username, credential, true
	return nil
}

func (h *Handler) badCredentials(cause authCause) error {
	h.counts.authFailures[cause].Add(1)
	return errBadRequest
}

// unavailable leaves a request without an answer: its client asks again, and
// the store may be back by then. A 401 would tell it that its password is wrong.
func (h *Handler) unavailable() error {
	h.counts.authFailures[authUnavailable].Add(1)
	return errIgnored
}

func (h *Handler) unauthorized(cause authCause) error {
	h.counts.authFailures[cause].Add(1)
	return errUnauthorized
}
