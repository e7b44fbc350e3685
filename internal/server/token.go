package server

import (
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
)

// checkToken refuses an ACCESS-TOKEN that this realm has not asked for, RFC 7635
// section 7.
func (h *Handler) checkToken(r *request) error {
	if r.realm.auth.TokenServer() == "" && r.msg.Has(wire.AttrAccessToken) {
		h.unknown = append(h.unknown[:0], wire.AttrAccessToken)
		return errUnknownRequired
	}
	return nil
}

// verifyToken checks a request with an ACCESS-TOKEN, whose USERNAME is the kid.
func (h *Handler) verifyToken(r *request, kid string, token []byte) error {
	credential, status := r.realm.auth.VerifyToken(kid, token, func(key authn.Key) bool {
		return r.protection.fits(r.msg, &key)
	})
	switch status {
	case authn.Found:
		return h.accept(r, kid, credential)
	case authn.Expired:
		return h.unauthorized(authExpired)
	default:
		return h.unauthorized(authWrong)
	}
}

// isSession reports whether a request without ACCESS-TOKEN is protected by the key
// of the token that made the allocation on its five-tuple: only Allocate and
// Refresh carry one (RFC 7635 section 9).
func (h *Handler) isSession(r *request, username string) bool {
	a := h.table.Find(r.tuple)
	if a == nil {
		return false
	}
	kept := h.held.at(a.Handle)
	end := time.Unix(0, kept.tokenEnd)
	if !kept.isByToken() || kept.realm != r.realm.auth.Realm() || time.Until(end) < time.Second ||
		!r.protection.fits(r.msg, &kept.key) {
		return false
	}
	r.username, r.isSigned = username, true
	r.credential = authn.Credential{
		Key: kept.key, SecretName: kept.secretName, Tenant: kept.tenant, ExpiresAt: end, IsToken: true, KeyPrint: kept.keyPrint,
	}
	return true
}

// keepToken makes the token of a Refresh that of its allocation.
func (h *Handler) keepToken(r *request, a *allocation.Allocation) {
	if !r.credential.IsToken {
		return
	}
	for one := range a.Families() {
		kept := h.held.at(one.Handle)
		kept.party = h.partyOf(kept.realm, &r.credential)
		kept.key, kept.tokenEnd = r.credential.Key, tokenEnd(r)
	}
}

// tokenEnd is when the token of a request is over, in Unix ns; 0: it has none.
func tokenEnd(r *request) int64 {
	if !r.credential.IsToken {
		return 0
	}
	return r.credential.ExpiresAt.UnixNano()
}

// isByToken reports whether an access token made the allocation.
func (k *held) isByToken() bool { return k.tokenEnd != 0 }

// maxLifetime is the longest lifetime that a request can get; 0 is any. No
// allocation outlasts its token, RFC 7635 section 9.
func maxLifetime(r *request) time.Duration {
	if !r.credential.IsToken {
		return 0
	}
	// Whole seconds, as they are told, and not 0, which would tell the end.
	return max(time.Until(r.credential.ExpiresAt).Truncate(time.Second), time.Second)
}
