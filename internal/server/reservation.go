package server

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/quota"
)

// reservationLifetime is how long a reserved port waits for its Allocate: the
// least that RFC 8656 section 7.2 allows.
const reservationLifetime = 30 * time.Second

// token is the value of a RESERVATION-TOKEN: 64 random bits.
type token = [8]byte

// reservation is an open relayed transport address that waits for the Allocate
// request with its token. It counts in the quota of the user it is bound to.
type reservation struct {
	relayed
	owner     owner
	hold      *quota.Hold
	expiresAt time.Time
}

// owner is the user that may redeem a reservation, from whatever address.
type owner struct{ realm, tenant, user string }

func ownerOf(id quota.Identity) owner {
	return owner{realm: id.Realm, tenant: id.Tenant, user: id.User}
}

// reservations holds the reserved addresses of all workers. A reserved socket
// is in no worker's set yet, so any worker may redeem it. The zero value is
// ready for use.
type reservations struct {
	mu   sync.Mutex
	held map[token]*reservation // guarded by mu
}

// reserveNext opens a pair of relayed transport addresses: the even one for
// the request at hand, the next one held under a token.
func (h *Handler) reserveNext(r *request, local netip.Addr) (relayed, token, error) {
	id := h.identity(r)
	hold, err := h.server.ledger.Reserve(id)
	if err != nil {
		return relayed{}, token{}, err
	}
	open := false
	defer func() {
		if !open {
			hold.Release()
		}
	}()
	even, odd, err := h.server.openPair(local)
	if err != nil {
		return relayed{}, token{}, err
	}
	open = true
	h.adopt(hold, id)
	hold.Commit()
	return even, h.server.reservations.add(&reservation{
		relayed:   odd,
		owner:     ownerOf(id),
		hold:      hold,
		expiresAt: time.Now().Add(reservationLifetime),
	}), nil
}

// openPair opens an even port and the next one on the same address, trying
// further pairs while other programs hold one of the two.
func (s *Server) openPair(local netip.Addr) (even, odd relayed, err error) {
	pool, err := s.pool(local)
	if err != nil {
		return relayed{}, relayed{}, err
	}
	for range maxPortAttempts {
		port, ok := pool.TakePair()
		if !ok {
			break
		}
		if even, err = s.openPort(pool, local, port, s.openUDPPort); err != nil {
			pool.Put(port + 1)
		} else if odd, err = s.openPort(pool, local, port+1, s.openUDPPort); err != nil {
			even.close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return even, odd, err
		}
	}
	return relayed{}, relayed{}, errNoPort
}

// add stores a reservation under a fresh token.
func (r *reservations) add(entry *reservation) token {
	var fresh token
	rand.Read(fresh[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		r.held = make(map[token]*reservation)
	}
	r.held[fresh] = entry
	return fresh
}

// redeem takes the reservation of a token out of the store, nil when there is
// none for this user or its time is over.
func (r *reservations) redeem(t token, id quota.Identity) *reservation {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.held[t]
	if !ok || entry.owner != ownerOf(id) || !time.Now().Before(entry.expiresAt) {
		return nil
	}
	delete(r.held, t)
	return entry
}

// drop gives up the reservation of a token, if there is one.
func (r *reservations) drop(t token) {
	r.mu.Lock()
	entry, ok := r.held[t]
	delete(r.held, t)
	r.mu.Unlock()
	if ok {
		entry.giveUp()
	}
}

// sweep gives up every reservation whose time is over at now, and returns how many
// are left.
func (r *reservations) sweep(now time.Time) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, entry := range r.held {
		if !now.Before(entry.expiresAt) {
			delete(r.held, t)
			entry.giveUp()
		}
	}
	return len(r.held)
}

func (e *reservation) giveUp() {
	e.close()
	e.hold.Release()
}
