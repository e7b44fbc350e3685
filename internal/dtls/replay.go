package dtls

// replay remembers which numbers have come, RFC 6347 section 4.1.2.6. The zero
// value has seen none.
type replay struct {
	next uint64 // one more than the highest number seen
	seen uint64 // bit i: next-1-i has come
}

// windowSize is how far behind the highest number a record may come.
const windowSize = 64

// isNew says whether a number has not come yet, as far as is remembered.
func (r *replay) isNew(sequence uint64) bool {
	if sequence >= r.next {
		return true
	}
	age := r.next - 1 - sequence
	return age < windowSize && r.seen>>age&1 == 0
}

// mark notes a number that isNew, and says whether it is the highest so far.
func (r *replay) mark(sequence uint64) (isHighest bool) {
	if sequence < r.next {
		r.seen |= 1 << (r.next - 1 - sequence)
		return false
	}
	if step := sequence + 1 - r.next; step < windowSize {
		r.seen <<= step
	} else {
		r.seen = 0
	}
	r.seen |= 1
	r.next = sequence + 1
	return true
}
