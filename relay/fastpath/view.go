package fastpath

// view is a datagram where it was received: a slot, or the part of a slot that
// is one datagram of a train.
type view struct {
	slot         int
	offset, size int // in the slot
}

// batchViews is how many packets wait to be sent at once. Sparse flows need one
// for each of batchPackets; trains bring up to 64 in one slot.
const batchViews = 256

// bytes returns the datagram.
func (u *uplink) bytes(v view) []byte {
	return u.recv.Slot(v.slot)[v.offset : v.offset+v.size : v.offset+v.size]
}
