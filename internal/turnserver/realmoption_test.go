package turnserver_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/turnserver"
)

// Limits of the only realm become an override; those of others are told of.
func TestAddRealmOptions(t *testing.T) {
	cfg, _ := turnserver.Convert("realm=north.gov\nuser=alice:wonderland")
	notes := turnserver.AddRealmOptions(cfg, []turnserver.RealmOption{
		{"north.gov", "max-bps", 125_000}, {"north.gov", "user-quota", 12}, {"", "total-quota", 1000},
		{"north.gov", "other", 1}, {"north.gov", "user-quota", 0}, {"south.gov", "user-quota", 3}, {"north.gov", "max-bps", -1},
	})
	want := []config.QuotaOverride{{
		Realm: "north.gov", UserAllocations: 12, RealmAllocations: 1000,
		AllocationToPeerBitsPerSecond: 1_000_000, AllocationToClientBitsPerSecond: 1_000_000,
	}}
	if diff := cmp.Diff(want, cfg.Quota.Overrides); diff != "" {
		t.Errorf("overrides differ (-want +got):\n%s", diff)
	}
	if len(notes) != 3 {
		t.Errorf("got notes %v, want those about the unknown option, the other realm and the number below 0", notes)
	}
	if err := cfg.Validate(); err != nil {
		t.Errorf("the result has problems: %v", err)
	}
	if turnserver.AddRealmOptions(cfg, nil); len(cfg.Quota.Overrides) != 1 {
		t.Errorf("without options: got %d overrides, want none more", len(cfg.Quota.Overrides)-1)
	}
}
