package credentials

import (
	"errors"
	"net/http"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// pathRevoke takes credentials back.
const pathRevoke = "/revoke"

// revoked is the answer to a revocation, the same as that of the admin API.
type revoked struct {
	ID string `json:"id"`
	authn.Revocation
}

// revoke takes the credentials of a user, or one USERNAME, back, and answers when no
// live allocation of theirs is left. A key reaches no further than its realm and
// tenant.
func (e *Endpoint) revoke(w http.ResponseWriter, r *http.Request, s *settings) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		e.refuse(w, http.StatusMethodNotAllowed, reasonMethod, "use POST")
		return
	}
	values, value, err := readValues(r)
	key := e.admit(w, s, value)
	switch {
	case key == nil:
		return
	case !key.MayRevoke:
		e.refuse(w, http.StatusForbidden, reasonForbidden, "this API key may not revoke: set may_revoke at it")
		return
	}
	asked := authn.Revocation{Tenant: key.Tenant, User: values.Get("user"), Username: values.Get("username")}
	var timeToLive time.Duration
	if err == nil {
		timeToLive, err = readTimeToLive(values)
	}
	if err == nil && timeToLive > 0 {
		asked.Until = time.Now().Add(timeToLive).UTC().Truncate(time.Second)
	}
	if err == nil && (asked.User == "") == (asked.Username == "") {
		err = errors.New("give one of user (the id in REST usernames) and username (one USERNAME, with its expiry)")
	}
	if err == nil {
		asked.Realm, err = authn.PrepareRealm(key.Issuer.Realm)
	}
	if err == nil {
		err = s.Revocations.Add(asked)
	}
	switch {
	case errors.Is(err, authn.ErrSaveRevocations):
		e.refuse(w, http.StatusInternalServerError, reasonFailed, err.Error())
		return
	case err != nil:
		e.refuse(w, http.StatusBadRequest, reasonRequest, err.Error())
		return
	}
	e.counts.revoked.add(key.Name)
	s.Audit(key.Name, asked)
	if err := s.EndRevoked(r.Context()); err != nil {
		e.refuse(w, http.StatusInternalServerError, reasonFailed, err.Error()+": new requests are refused; send this again to end what is live")
		return
	}
	answer(w, http.StatusCreated, revoked{asked.ID(), asked})
}
