package adminapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/logging"
)

// Config is what the API acts on.
type Config struct {
	// Token is what requests carry as "Authorization: Bearer TOKEN"; empty lets
	// everybody in who reaches the listener.
	Token string
	// Revocations is the list to show and change.
	Revocations *authn.Revocations
	// EndRevoked ends the live allocations of whoever the list covers.
	EndRevoked func(ctx context.Context) error
	// Bans is the list of client prefixes to show and change.
	Bans *access.Bans
	// EndBanned ends the live allocations of whoever that list covers.
	EndBanned func(ctx context.Context) error
	// MainRealm is meant when a request names no realm.
	MainRealm string
	// HasRealm reports whether there is a realm of a name.
	HasRealm func(name string) bool
	// Log receives what was changed.
	Log *zap.Logger
}

// Handler answers the requests of the API.
func Handler(cfg Config) http.Handler {
	a := &api{Config: cfg, log: cfg.Log.Named("admin")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/revocations", a.listRevocations)
	mux.HandleFunc("POST /v1/revocations", a.addRevocation)
	mux.HandleFunc("DELETE /v1/revocations/{id}", a.lift("revocation", a.Revocations.Lift))
	mux.HandleFunc("GET /v1/bans", a.listBans)
	mux.HandleFunc("POST /v1/bans", a.addBan)
	mux.HandleFunc("DELETE /v1/bans/{id}", a.lift("ban", a.Bans.Lift))
	return a.authenticated(mux)
}

type api struct {
	Config
	log *zap.Logger
}

// authenticated lets requests with the token through.
func (a *api) authenticated(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(a.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if a.Token != "" {
			token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			// Of equal length whatever was sent, so that the time tells nothing.
			if got := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				w.Header().Set("WWW-Authenticate", "Bearer")
				fail(w, http.StatusUnauthorized, "send the token of admin.token as Authorization: Bearer TOKEN")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// read takes the body of a request apart; false: it is answered, with what the body
// must be.
func read(w http.ResponseWriter, r *http.Request, into any, want string) bool {
	// A web page cannot send this type without asking first, which nothing here
	// answers.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "send Content-Type: application/json")
		return false
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "the body must be an object with "+want+": "+err.Error())
		return false
	}
	return true
}

// lift takes the entry of a list away that the path names.
func (a *api) lift(what string, remove func(id string) (found bool, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		found, err := remove(id)
		switch {
		case err != nil:
			a.log.Error("lifted "+what+" not saved", logging.Err(err))
			fail(w, http.StatusInternalServerError, err.Error())
		case !found:
			fail(w, http.StatusNotFound, "there is no "+what+" of this id")
		default:
			a.log.Info(what+" lifted", zap.String("id", id))
			w.WriteHeader(http.StatusNoContent)
		}
	}
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // the client is gone then
}

// fail writes what is wrong with a request.
func fail(w http.ResponseWriter, status int, problem string) {
	answer(w, status, Problem{problem})
}

// Problem is the body of every answer that is no success.
type Problem struct {
	Error string `json:"error"`
}
