package fastpath

import (
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// AllocationID names a published allocation on its worker. 0 is none. A number
// is used again after Withdraw.
type AllocationID = uint32

// ListenerID names a listening socket. It is the same on every worker.
type ListenerID uint16

// allocation is the entry of an allocation: what its packets need to know, in two
// groups of a cache line each with the links of its node, and a little for control
// code. Filling that up to a third line cost more than entries that straddle
// lines: entries of 192 bytes share few places in the caches.
type allocation struct {
	client      udpbatch.Addr
	listener    ListenerID
	toPeer      bucket.Index
	toClient    bucket.Index
	peerLimit   uint16 // longest datagram that the relay socket can send
	clientLimit uint16 // longest datagram that the listening socket can send
	expires     int64  // boot clock, ns
	nextTouched AllocationID
	firstPacket uint16 // queue of the batch under way: place + 1; 0: none
	lastPacket  uint16
	pace        pace // of reading the relay socket
	live        bool
	twin        AllocationID // the other family of a dual allocation; 0: none

	traffic Traffic
	paced   [numDirections]int64 // monotonic ns until which its packets are paid for
	terms   ref                  // 0: none
	stream  uint32               // place of the client's stream; 0: the client uses datagrams

	permissions ref   // list
	channels    ref   // list
	notices     int64 // boot clock, ns: when the ICMP errors told so far are paid for
}

// Traffic counts what an allocation relayed, in packets and payload bytes, and
// the datagrams that it lost for whatever reason.
type Traffic struct {
	ToPeerPackets, ToPeerBytes     uint64
	ToClientPackets, ToClientBytes uint64
	Dropped                        uint64
}

// allocationOf finds a client's allocation.
func (t *tables) allocationOf(client *udpbatch.Addr, listener ListenerID) AllocationID {
	hash := t.seeds.hash(&client.IP, clientKey(client.Port, listener))
	for pos := hash; ; pos++ {
		var id ref
		if pos, id = t.byClient.next(pos, hash); id == 0 {
			return 0
		}
		if a := t.allocations.at(id); a.client == *client && a.listener == listener {
			return id
		}
	}
}

// addAllocation makes the entry; the client must have none on the listener.
func (t *tables) addAllocation(client udpbatch.Addr, listener ListenerID) (AllocationID, *allocation) {
	id, a := t.allocations.take()
	a.client, a.listener, a.live = client, listener, true
	t.byClient.insert(t.seeds.hash(&client.IP, clientKey(client.Port, listener)), id)
	return id, a
}

// addTwin makes an entry for the other family of a client's allocation. The
// client is found by the first of the two.
func (t *tables) addTwin(of AllocationID) (AllocationID, *allocation) {
	id, a := t.allocations.take()
	first := t.allocations.at(of)
	a.client, a.listener, a.live = first.client, first.listener, true
	a.twin, first.twin = of, id
	return id, a
}

// removeAllocation removes the entry with its channels and permissions. The
// client is from then on found by the twin, if there is one.
func (t *tables) removeAllocation(id AllocationID) {
	a := t.allocations.at(id)
	for a.channels != 0 {
		t.removeChannel(a.channels)
	}
	for a.permissions != 0 {
		t.removePermission(a.permissions)
	}
	t.leaveTerms(a.terms)
	if hash := t.seeds.hash(&a.client.IP, clientKey(a.client.Port, a.listener)); a.twin == 0 {
		t.byClient.remove(hash, id)
	} else {
		if t.allocationOf(&a.client, a.listener) == id {
			t.byClient.remove(hash, id)
			t.byClient.insert(hash, a.twin)
		}
		t.allocations.at(a.twin).twin = 0
	}
	t.allocations.release(id)
}

// liveAllocation returns the entry that control code names.
func (t *tables) liveAllocation(id AllocationID) (*allocation, bool) {
	if !t.allocations.inRange(id) {
		return nil, false
	}
	a := t.allocations.at(id)
	return a, a.live
}
