package fastpath

import "github.com/fairlead/fairlead/internal/bucket"

// lease is what a worker has taken of a bucket that others draw on too, and not
// spent yet: less than a chunk of the bucket and one datagram. That, times the
// number of workers, is the error of a shared limit.
type lease struct {
	index  bucket.Index
	users  uint32 // terms
	credit int64  // payload bytes
}

// joinLease returns the lease of a bucket for one more entry of terms.
func (t *tables) joinLease(index bucket.Index) ref {
	r := t.leasesOf[index]
	if r == 0 {
		var l *lease
		r, l = t.leases.take()
		l.index = index
		t.leasesOf[index] = r
	}
	t.leases.at(r).users++
	return r
}

// leaveLease gives a lease back for one entry of terms. What is left of it is
// lost, to the disadvantage of its holder.
func (t *tables) leaveLease(r ref) {
	if r == 0 {
		return
	}
	l := t.leases.at(r)
	if l.users--; l.users == 0 {
		delete(t.leasesOf, l.index)
		t.leases.release(r)
	}
}

// draw charges a packet with n payload bytes to the terms of an allocation,
// which must have some, or charges nothing and returns which limit refuses it.
func (w *Worker) draw(a *allocation, d direction, n int) DropReason {
	t := w.tables.terms.at(a.terms)
	paid := max(a.paced[d], w.mono) + t.spacing[d]
	if a.paced[d] > w.mono && paid-w.mono > t.burst {
		return DropPacketsToPeer + DropReason(d)
	}
	if t.shares {
		if reason := w.drawShared(t, d, int64(n)); reason != dropNone {
			return reason
		}
	}
	a.paced[d] = paid
	return dropNone
}

func (w *Worker) drawShared(t *terms, d direction, n int64) DropReason {
	for i, r := range t.leases[d] {
		if r == 0 {
			continue
		}
		l := w.tables.leases.at(r)
		if l.credit < n && !w.extend(l, n) {
			w.returnShared(t.leases[d][:i], n)
			return DropUserToPeer + DropReason(2*i) + DropReason(d)
		}
		l.credit -= n
	}
	return dropNone
}

// extend takes a chunk, or at least n bytes, from the bucket of a lease.
func (w *Worker) extend(l *lease, n int64) bool {
	chunk := int64(w.cfg.Buckets.Chunk(l.index))
	if chunk > n && w.cfg.Buckets.Take(l.index, w.mono, int(chunk)) {
		l.credit += chunk
		return true
	}
	if !w.cfg.Buckets.Take(l.index, w.mono, int(n)) {
		return false
	}
	l.credit += n
	return true
}

func (w *Worker) returnShared(leases []ref, n int64) {
	for _, r := range leases {
		if r != 0 {
			w.tables.leases.at(r).credit += n
		}
	}
}

// giveBack undoes draw for a packet that the allocation's own bucket refuses.
func (w *Worker) giveBack(a *allocation, d direction, n int) {
	if a.terms == 0 {
		return
	}
	t := w.tables.terms.at(a.terms)
	a.paced[d] -= t.spacing[d]
	if t.shares {
		w.returnShared(t.leases[d][:], int64(n))
	}
}
