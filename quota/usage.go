package quota

import "time"

// Usage is what users have used of their bytes in one period, so that a server can
// go on counting where the one before it ended.
type Usage struct {
	Start time.Time   `json:"start"` // of the period
	End   time.Time   `json:"end"`
	Users []UserUsage `json:"users"`
}

// UserUsage is what one user has used.
type UserUsage struct {
	Realm  string `json:"realm"`
	Tenant string `json:"tenant,omitempty"`
	User   string `json:"user"`
	Bytes  uint64 `json:"bytes"` // payload, both directions together
}

// TrackUsage makes ChangedUsage tell what is charged from now on.
func (l *Ledger) TrackUsage() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(map[holder]uint64)
	}
}

// ChangedUsage returns the users who were charged since the last call, in the present
// period. It holds the lock for a moment only, however many they are.
func (l *Ledger) ChangedUsage() Usage {
	l.mu.Lock()
	l.tickLocked(0)
	usage, changed := l.usageLocked(), l.changed
	if changed != nil {
		l.changed = make(map[holder]uint64)
	}
	l.mu.Unlock()
	for h, bytes := range changed {
		usage.Users = append(usage.Users, UserUsage{Realm: h.realm, Tenant: h.tenant, User: h.user, Bytes: bytes})
	}
	return usage
}

// RestoreUsage charges users with what they had used before this Ledger was made. It
// reports false, and does nothing, when that was in another period.
func (l *Ledger) RestoreUsage(usage Usage) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tickLocked(0)
	if now := l.usageLocked(); !usage.Start.Equal(now.Start) || !usage.End.Equal(now.End) {
		return false
	}
	for _, each := range usage.Users {
		h := Identity{Realm: each.Realm, Tenant: each.Tenant, User: each.User}.owner()
		if h.kind != KindUser || each.Bytes == 0 {
			continue
		}
		a := l.book.accounts[h]
		if a == nil {
			// It holds nothing, and its parents are found when it does.
			a = &account{holder: h, kept: true}
			l.book.accounts[h] = a
			l.book.kept++
		}
		a.use(each.Bytes, l.book.period)
	}
	return true
}

// usageLocked is the present period, without users.
func (l *Ledger) usageLocked() Usage {
	period := int64(l.policy.limits.UsagePeriod)
	return Usage{
		Start: time.Unix(0, l.book.period*period).UTC(),
		End:   time.Unix(0, (l.book.period+1)*period).UTC(),
	}
}
