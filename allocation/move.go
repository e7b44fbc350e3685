package allocation

// Detach takes an allocation and its twin out of the table as they are, for
// Attach to this table or to that of another worker (RFC 8016).
func (t *Table) Detach(a *Allocation) {
	t.mustHold(a)
	t.byTuple.remove(t.byTuple.find(a.key())) // it, or its twin
	t.queue.remove(a)
	if a.twin != nil {
		t.queue.remove(a.twin)
	}
}

// Attach puts what Detach took into the table, on another five-tuple. It returns
// ErrExists when that has a live allocation.
func (t *Table) Attach(a *Allocation, tuple FiveTuple) error {
	key := tuple.key()
	for other := t.byTuple.find(key); other != nil; other = t.byTuple.find(key) {
		if t.Find(tuple) != nil {
			return ErrExists
		}
		t.expire(other)
	}
	t.attach(a, tuple)
	t.byTuple.add(a)
	if a.twin != nil {
		t.attach(a.twin, tuple)
	}
	return nil
}

func (t *Table) attach(a *Allocation, tuple FiveTuple) {
	a.FiveTuple = tuple
	a.TransactionID = [12]byte{} // its Allocate was answered where it was before
	t.queue.push(a, a.created+a.nextDue())
}
