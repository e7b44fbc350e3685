package adminapi

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/logging"
)

// Revocation is an entry of the list: what was asked for, and its name.
type Revocation struct {
	ID string `json:"id"`
	authn.Revocation
}

// Revocations is the answer that lists them.
type Revocations struct {
	Revocations []Revocation `json:"revocations"`
	// SurvivesRestart is false when no state directory is configured.
	SurvivesRestart bool `json:"survives_restart"`
}

func (a *api) listRevocations(w http.ResponseWriter, _ *http.Request) {
	list := Revocations{Revocations: []Revocation{}, SurvivesRestart: a.Revocations.IsKept()}
	for _, each := range a.Revocations.List() {
		list.Revocations = append(list.Revocations, Revocation{each.ID(), each})
	}
	answer(w, http.StatusOK, list)
}

// addRevocation answers when no live allocation is left.
func (a *api) addRevocation(w http.ResponseWriter, r *http.Request) {
	var asked authn.Revocation
	if !read(w, r, &asked, "one of user, username and secret, and perhaps realm, tenant and until (such as 2027-01-31T12:00:00Z)") {
		return
	}
	if asked.Realm == "" {
		asked.Realm = a.MainRealm
	}
	if !a.HasRealm(asked.Realm) {
		fail(w, http.StatusBadRequest, "there is no such realm")
		return
	}
	err := a.Revocations.Add(asked)
	switch {
	case errors.Is(err, authn.ErrSaveRevocations):
		a.log.Error("revocation not saved", logging.Err(err))
		fail(w, http.StatusInternalServerError, err.Error())
		return
	case err != nil:
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	a.log.Info("revoked", zap.String("id", asked.ID()), logging.Realm(asked.Realm), zap.Time("until", asked.Until))
	if err := a.EndRevoked(r.Context()); err != nil {
		fail(w, http.StatusInternalServerError, err.Error()+": new requests are refused; send this again to end what is live")
		return
	}
	answer(w, http.StatusCreated, Revocation{asked.ID(), asked})
}
