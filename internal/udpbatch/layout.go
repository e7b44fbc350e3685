package udpbatch

// Layout gives the shape of the slots of a RecvBatch in bytes.
type Layout struct {
	Slots    int // datagrams that fit at once
	Headroom int // kept free in front of each datagram
	Size     int // longest datagram
	Tailroom int // kept free behind the longest datagram
}

const cacheLine = 64

// stride is the distance between two slots: whole cache lines, and an odd
// number of them. Slots of 64 KiB would otherwise all start in the same few
// sets of the first-level cache and drive each other's headers out of it.
func (l Layout) stride() int {
	lines := (l.Headroom + l.Size + l.Tailroom + cacheLine - 1) / cacheLine
	return (lines | 1) * cacheLine
}
