package allocation

// Collide gives all five-tuples of an empty table the same hash.
func (t *Table) Collide() { t.byTuple.hash = func(tupleKey) uint64 { return 7 } }
