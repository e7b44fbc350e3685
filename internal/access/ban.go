package access

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

const (
	// DefaultBanTime is how long a ban lasts that does not say, and MaxBanTime the
	// longest that one can: who shall stay away for good belongs into the lists.
	DefaultBanTime = time.Hour
	MaxBanTime     = 30 * 24 * time.Hour

	// MinBanBits4 and MinBanBits6 are the shortest prefixes that can be banned: a slip
	// must not turn away everybody.
	MinBanBits4 = 8
	MinBanBits6 = 16
)

// Ban turns the clients of a prefix away for a while.
type Ban struct {
	Prefix netip.Prefix `json:"prefix"` // as ParsePrefix returns it
	Until  time.Time    `json:"until"`
}

// ID names the ban, whatever its end: it is made of the prefix.
func (b Ban) ID() string {
	sum := sha256.Sum256([]byte(b.Prefix.String()))
	return hex.EncodeToString(sum[:8])
}

// isOver reports whether b has ended.
func (b Ban) isOver(now time.Time) bool { return !now.Before(b.Until) }

// check says what is wrong with the prefix of b.
func (b Ban) check() error {
	least := MinBanBits6
	if b.Prefix.Addr().Is4() {
		least = MinBanBits4
	}
	switch {
	case !b.Prefix.IsValid() || b.Prefix != b.Prefix.Masked() || b.Prefix.Addr().Is4In6():
		return fmt.Errorf("prefix %s", errPrefix)
	case b.Prefix.Bits() < least:
		return fmt.Errorf("%s is wider than /%d, the widest prefix that can be banned: deny it in clients.deny, or name those who may come in clients.allow", b.Prefix, least)
	}
	return nil
}

// checkTime says what is wrong with the end of a new ban.
func (b Ban) checkTime(now time.Time) error {
	switch {
	case b.isOver(now):
		return errors.New("until has passed already")
	case b.Until.Sub(now) > MaxBanTime:
		return fmt.Errorf("a ban lasts %d hours at most: put who shall stay away for longer into clients.deny", int(MaxBanTime.Hours()))
	}
	return nil
}
