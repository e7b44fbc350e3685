package quota

import "time"

// book keeps the accounts of all users, tenants, realms and client prefixes. An
// account without live holds stays only until its rates have recovered, or until
// the period ends for which its bytes are counted.
type book struct {
	accounts map[holder]*account
	idle     []idleAccount // without live holds when queued, oldest first
	holding  [NumKinds]int // accounts with live holds
	kept     int           // accounts that wait for the end of the period
	period   int64         // that they wait for
}

// idleAccount is an account and when it has recovered.
type idleAccount struct {
	*account
	at time.Duration
}

// open finds an account, or opens it and those it has to pay along with.
func (b *book) open(h holder, server *account) *account {
	if h.kind == KindServer {
		return server
	}
	a := b.accounts[h]
	if a == nil {
		a = &account{holder: h}
		b.accounts[h] = a
	}
	// While nothing is live the parent may have been forgotten, and opened anew.
	if a.live == 0 && h.kind != KindClient {
		a.parent = b.open(h.parent(), server)
	}
	return a
}

// take counts a new hold on an account.
func (b *book) take(a *account, now, spacing time.Duration) {
	if a.live == 0 {
		b.holding[a.kind]++
	}
	a.live++
	a.arrival = max(a.arrival, now) + spacing
}

// give takes a hold back, and refund from the rate. It reports whether the
// account can be forgotten at once.
func (b *book) give(a *account, now, refund time.Duration) (over bool) {
	a.live--
	a.arrival -= refund
	if a.live > 0 {
		return false
	}
	b.holding[a.kind]--
	if a.kind == KindServer || a.queued { // sweep decides
		return false
	}
	at := a.paidAt(now)
	if at <= now && !b.isKept(a) {
		return true
	}
	a.queued = true
	b.idle = append(b.idle, idleAccount{a, at})
	return false
}

// isKept reports whether the bytes of an account still count.
func (b *book) isKept(a *account) bool { return a.used > 0 && a.period == b.period }

// sweep looks at most at that many idle accounts and calls forget for those that
// have recovered. The others go to the end, so that none blocks the rest.
func (b *book) sweep(now time.Duration, most int, forget func(*account)) {
	for range min(most, len(b.idle)) {
		i := b.idle[0]
		b.idle[0] = idleAccount{} // the array outlives the window
		b.idle = b.idle[1:]
		switch {
		case i.live > 0:
			i.queued = false
		case i.at > now || i.arrival > now:
			b.idle = append(b.idle, i)
		case b.isKept(i.account):
			i.queued = false
			if !i.kept {
				i.kept = true
				b.kept++
			}
		default:
			i.queued = false
			forget(i.account)
		}
	}
	if len(b.idle) == 0 {
		b.idle = nil
	}
}

// startPeriod makes a period the present one and calls forget for the accounts
// that only waited for the end of the last.
func (b *book) startPeriod(period int64, forget func(*account)) {
	if period == b.period {
		return
	}
	b.period = period
	if b.kept == 0 {
		return
	}
	b.kept = 0
	for _, a := range b.accounts {
		if !a.kept {
			continue
		}
		a.kept = false
		if a.live == 0 && !a.queued {
			forget(a)
		}
	}
}
