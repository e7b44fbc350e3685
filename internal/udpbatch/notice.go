package udpbatch

// Notice is an ICMP error about a datagram that a socket sent.
type Notice struct {
	// Peer is where the datagram was sent to; port 0: the system does not say.
	Peer Addr
	// Type and Code are those of ICMP or ICMPv6, by the family of Peer. An error of
	// this system, which a datagram too long for its path without DF is for it
	// alone, is told as the ICMP error that a router would send.
	Type, Code uint8
	// MTU is that of the next link, in bytes, where the datagram was too long.
	MTU uint32
}

// keptNotices is how many errors are told one by one; the rest is counted.
const keptNotices = 16

// Notices is a list of errors that sockets are told to keep; see
// Conn.CollectNotices. What does not fit is left out.
type Notices struct {
	list    []Notice
	buffers noticeBuffers
}

// NewNotices returns an empty list.
func NewNotices() *Notices {
	n := &Notices{list: make([]Notice, 0, keptNotices)}
	n.buffers.wire()
	return n
}

// All returns what was collected since Reset. It is valid until then.
func (n *Notices) All() []Notice { return n.list }

// Reset empties the list.
func (n *Notices) Reset() { n.list = n.list[:0] }

// add keeps a notice, unless the last one says the same: a datagram that is too
// long is offered twice.
func (n *Notices) add(notice Notice) {
	if last := len(n.list) - 1; last >= 0 && n.list[last] == notice || len(n.list) == cap(n.list) {
		return
	}
	n.list = append(n.list, notice)
}
