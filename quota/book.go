package quota

import "time"

// book keeps the accounts of all users, or of all client prefixes. An account
// without live holds stays only until its rate has recovered.
type book[K comparable] struct {
	accounts map[K]*account[K]
	idle     []*account[K] // without live holds when queued, oldest first
	holding  int           // accounts with live holds
}

// take counts a new hold on the key's account, opening it when there is none.
func (b *book[K]) take(key K, now, spacing time.Duration) *account[K] {
	a := b.accounts[key]
	if a == nil {
		a = &account[K]{key: key}
		b.accounts[key] = a
	}
	if a.live == 0 {
		b.holding++
	}
	a.live++
	a.arrival = max(a.arrival, now) + spacing
	return a
}

// give takes a hold back, and refund from the rate.
func (b *book[K]) give(a *account[K], now, refund time.Duration) {
	a.live--
	a.arrival -= refund
	if a.live > 0 {
		return
	}
	b.holding--
	switch {
	case a.queued: // sweep decides
	case a.arrival <= now:
		delete(b.accounts, a.key)
	default:
		a.queued = true
		b.idle = append(b.idle, a)
	}
}

// sweep looks at most at that many idle accounts and drops those whose rate has
// recovered. The others go to the end, so that none blocks the rest.
func (b *book[K]) sweep(now time.Duration, most int) {
	for range min(most, len(b.idle)) {
		a := b.idle[0]
		b.idle[0] = nil // the array outlives the window
		b.idle = b.idle[1:]
		switch {
		case a.live > 0:
			a.queued = false
		case a.arrival > now:
			b.idle = append(b.idle, a)
		default:
			delete(b.accounts, a.key)
		}
	}
	if len(b.idle) == 0 {
		b.idle = nil
	}
}
