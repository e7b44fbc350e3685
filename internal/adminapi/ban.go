package adminapi

import (
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/logging"
)

// BanRequest asks for a ban, until a time or for a while; with neither it lasts
// access.DefaultBanTime.
type BanRequest struct {
	Prefix string    `json:"prefix"` // or an address
	Until  time.Time `json:"until,omitzero"`
	For    string    `json:"for,omitempty"` // such as 1h30m
}

// Ban is an entry of the list: what was asked for, and its name.
type Ban struct {
	ID string `json:"id"`
	access.Ban
}

// Bans is the answer that lists them.
type Bans struct {
	Bans []Ban `json:"bans"`
	// SurvivesRestart is false when no state directory is configured.
	SurvivesRestart bool `json:"survives_restart"`
}

func (a *api) listBans(w http.ResponseWriter, _ *http.Request) {
	list := Bans{Bans: []Ban{}, SurvivesRestart: a.Bans.IsKept()}
	for _, each := range a.Bans.List() {
		list.Bans = append(list.Bans, Ban{each.ID(), each})
	}
	answer(w, http.StatusOK, list)
}

// addBan answers when no live allocation is left.
func (a *api) addBan(w http.ResponseWriter, r *http.Request) {
	var asked BanRequest
	if !read(w, r, &asked, "prefix, and perhaps one of until (such as 2027-01-31T12:00:00Z) and for (such as 1h)") {
		return
	}
	ban, err := asked.ban(time.Now())
	if err == nil {
		err = a.Bans.Add(ban)
	}
	switch {
	case errors.Is(err, access.ErrSaveBans):
		a.log.Error("ban not saved", logging.Err(err))
		fail(w, http.StatusInternalServerError, err.Error())
		return
	case err != nil:
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	a.log.Info("banned", zap.String("id", ban.ID()), zap.Stringer("prefix", ban.Prefix), zap.Time("until", ban.Until))
	if err := a.EndBanned(r.Context()); err != nil {
		fail(w, http.StatusInternalServerError, err.Error()+": new requests are dropped; send this again to end what is live")
		return
	}
	answer(w, http.StatusCreated, Ban{ban.ID(), ban})
}

// ban reads what is asked for.
func (b BanRequest) ban(now time.Time) (access.Ban, error) {
	prefix, err := access.ParsePrefix(b.Prefix)
	if err != nil {
		return access.Ban{}, errors.New("prefix " + err.Error())
	}
	lasts := access.DefaultBanTime
	switch {
	case b.For != "" && !b.Until.IsZero():
		return access.Ban{}, errors.New("give one of until and for")
	case !b.Until.IsZero():
		return access.Ban{Prefix: prefix, Until: b.Until}, nil
	case b.For != "":
		if lasts, err = time.ParseDuration(b.For); err != nil || lasts <= 0 {
			return access.Ban{}, errors.New("for must be a duration above zero, such as 1h or 45m")
		}
	}
	return access.Ban{Prefix: prefix, Until: now.Add(lasts).UTC().Truncate(time.Second)}, nil
}
