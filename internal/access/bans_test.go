package access_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/access"
)

// memory is a store in memory, which may be broken.
type memory struct {
	bans []access.Ban
	err  error
}

func (m *memory) Load() ([]access.Ban, error) { return m.bans, nil }
func (m *memory) Save(bans []access.Ban) error {
	if m.err == nil {
		m.bans = bans
	}
	return m.err
}

func TestBansAreKept(t *testing.T) {
	store := new(memory)
	bans, err := access.OpenBans(store)
	if err != nil {
		t.Fatal(err)
	}
	first := ban(t, bans, "192.0.2.0/24", time.Hour)
	ban(t, bans, "2001:db8::/64", time.Hour)
	again := ban(t, bans, "192.0.2.0/24", 2*time.Hour) // later, and still one
	if len(store.bans) != 2 || !bans.IsKept() || first.ID() != again.ID() {
		t.Errorf("got %v in the store, ids %s and %s, want two bans and one id", store.bans, first.ID(), again.ID())
	}
	store.bans = append(store.bans, access.Ban{Prefix: prefixes(t, "203.0.113.7")[0], Until: time.Now().Add(-time.Minute)})
	if bans, err = access.OpenBans(store); err != nil {
		t.Fatal(err)
	}
	if list := bans.List(); len(list) != 2 || list[0] != again {
		t.Errorf("after a restart: got %v, want the two that are not over, by prefix", list)
	}
	gate := access.NewGate(bans)
	if got := gate.Judge(netip.MustParseAddr("192.0.2.9")); got != access.Banned {
		t.Errorf("after a restart: got %s, want banned", got)
	}
	if found, err := bans.Lift(again.ID()); !found || err != nil {
		t.Errorf("lift: got %v, %v, want it found", found, err)
	}
	if found, err := bans.Lift(again.ID()); found || err != nil {
		t.Errorf("lift again: got %v, %v, want nothing found", found, err)
	}
	if got := gate.Judge(netip.MustParseAddr("192.0.2.9")); got != access.Admitted || len(store.bans) != 1 {
		t.Errorf("lifted: got %s and %v in the store, want admitted and the other one", got, store.bans)
	}
}

func TestBanThatIsNotSaved(t *testing.T) {
	store := &memory{err: errors.New("disk full")}
	bans, err := access.OpenBans(store)
	if err != nil {
		t.Fatal(err)
	}
	err = bans.Add(access.Ban{Prefix: prefixes(t, "192.0.2.7")[0], Until: time.Now().Add(time.Hour)})
	if !errors.Is(err, access.ErrSaveBans) || !errors.Is(err, store.err) || bans.Count() != 0 {
		t.Errorf("got %v and %d bans, want the error of the store and no effect", err, bans.Count())
	}
}

func TestBanRefusals(t *testing.T) {
	bans := newBans(t)
	for _, test := range []struct {
		prefix netip.Prefix
		lasts  time.Duration
		want   string
	}{
		{netip.MustParsePrefix("0.0.0.0/0"), time.Hour, "0.0.0.0/0 is wider than /8"},
		{netip.MustParsePrefix("10.0.0.0/7"), time.Hour, "is wider than /8"},
		{netip.MustParsePrefix("::/0"), time.Hour, "is wider than /16"},
		{netip.MustParsePrefix("2000::/15"), time.Hour, "is wider than /16"},
		{netip.Prefix{}, time.Hour, "must be an address or a prefix"},
		{netip.MustParsePrefix("192.0.2.1/24"), time.Hour, "must be an address or a prefix"},
		{netip.MustParsePrefix("192.0.2.7/32"), -time.Second, "until has passed already"},
		{netip.MustParsePrefix("192.0.2.7/32"), access.MaxBanTime + time.Minute, "lasts 720 hours at most"},
	} {
		err := bans.Add(access.Ban{Prefix: test.prefix, Until: time.Now().Add(test.lasts)})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s for %s: got %v, want %q", test.prefix, test.lasts, err, test.want)
		}
	}
	ban(t, bans, "10.0.0.0/8", access.MaxBanTime)
	ban(t, bans, "2001::/16", time.Hour)
}

func TestBansAreBounded(t *testing.T) {
	store := new(memory)
	until := time.Now().Add(time.Hour)
	for i := range access.MaxBans {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		store.bans = append(store.bans, access.Ban{Prefix: netip.PrefixFrom(addr, 32), Until: until})
	}
	bans, err := access.OpenBans(store)
	if err != nil {
		t.Fatal(err)
	}
	more := access.Ban{Prefix: netip.MustParsePrefix("192.0.2.7/32"), Until: until}
	if err := bans.Add(more); !errors.Is(err, access.ErrTooManyBans) {
		t.Errorf("one more: got %v, want ErrTooManyBans", err)
	}
	if err := bans.Add(store.bans[7]); err != nil {
		t.Errorf("one of them again: got %v, want success", err)
	}
	if _, err := bans.Lift(store.bans[7].ID()); err != nil {
		t.Fatal(err)
	}
	if err := bans.Add(more); err != nil {
		t.Errorf("in the place of another: got %v, want success", err)
	}
}

func TestForeignStateIsRefused(t *testing.T) {
	store := &memory{bans: []access.Ban{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Until: time.Now().Add(time.Hour)}}}
	if _, err := access.OpenBans(store); err == nil || !strings.Contains(err.Error(), "load bans: entry 1: 0.0.0.0/0 is wider") {
		t.Errorf("got %v, want the entry that is wrong", err)
	}
}
