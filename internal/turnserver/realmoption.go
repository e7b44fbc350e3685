package turnserver

import (
	"fmt"

	"github.com/fairlead/fairlead/internal/config"
)

// RealmOption is a limit of coturn for one realm, from its database.
type RealmOption struct {
	Realm, Name string
	Value       int64 // 0: none
}

// AddRealmOptions takes over the limits of realms as overrides. Those of realms that
// the configuration does not have are told.
func AddRealmOptions(cfg *config.Config, options []RealmOption) []Note {
	var notes []Note
	override := config.QuotaOverride{Realm: cfg.Auth.Realm}
	isSet := false
	for _, o := range options {
		note := func(text string, args ...any) {
			notes = append(notes, Note{Name: o.Name, Text: fmt.Sprintf("of realm %q: ", o.Realm) + fmt.Sprintf(text, args...)})
		}
		switch {
		case o.Realm != "" && o.Realm != cfg.Auth.Realm:
			note("is left out: add the realm to realms, with listeners or server_names, and the limit %d to quota.overrides", o.Value)
			continue
		case o.Value < 0:
			note("is below 0: left out")
			continue
		case o.Value == 0:
			continue
		}
		switch o.Name {
		case "max-bps": // bytes per second, each way
			override.AllocationToPeerBitsPerSecond, override.AllocationToClientBitsPerSecond = bits(o.Value), bits(o.Value)
		case "user-quota":
			override.UserAllocations = int(o.Value)
		case "total-quota":
			override.RealmAllocations = int(o.Value)
		default:
			note("is not known to this conversion")
			continue
		}
		isSet = true
	}
	if isSet {
		cfg.Quota.Overrides = append(cfg.Quota.Overrides, override)
	}
	return notes
}
