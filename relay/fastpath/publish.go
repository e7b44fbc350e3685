package fastpath

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Allocation is what control code publishes of an allocation. Lifetime counts
// from the call.
type Allocation struct {
	Client   netip.AddrPort
	Listener ListenerID
	// Stream is the client's, if its messages came in one; then Listener is of no
	// account. What has Moved may find it closed, and lives on as if it had been
	// closed after: until control code removes it.
	Stream StreamID
	// Proxy is the load balancer that the client's messages come through, if any.
	Proxy netip.AddrPort
	// Twin is the client's allocation of the other address family, 0 when there
	// is none: the two are then a dual allocation (RFC 8656 section 7).
	Twin AllocationID
	// Relay is the relay socket; on success it becomes the worker's. nil is a TCP
	// allocation (RFC 6062), which the worker relays nothing for: Permit and Bind
	// are not for it.
	Relay    *udpbatch.Conn
	Lifetime time.Duration
	// ToPeer and ToClient are the buckets for payload bytes; 0 is no limit.
	ToPeer, ToClient bucket.Index
	// Terms are the limits that it may have in common with others.
	Terms Terms
	// Moved is what it brings along from where it was before, if anywhere.
	Moved Baggage
}

// The longest payloads of a UDP datagram: 16 bits of length less the headers of
// UDP and, with IPv4, of IP (RFC 768, RFC 791, RFC 8200).
const (
	maxPayload4 = 65507
	maxPayload6 = 65527
)

// Publish makes an allocation live: from now on its relay socket is read. A
// client can have one on each listener, or two that are twins.
func (w *Worker) Publish(a Allocation) (AllocationID, error) {
	client := udpbatch.AddrOf(a.Client)
	if w.HasStream(a.Stream) || a.Stream != 0 && a.Moved.Relay != nil {
		client, a.Listener = streamKey(a.Stream), streamListener
	} else if a.Stream != 0 || w.listener(a.Listener) == nil {
		return 0, fmt.Errorf("publish allocation of %s: %w", a.Client, ErrNoListener)
	}
	if w.tables.allocationOf(&client, a.Listener) != a.Twin || w.hasTwin(a.Twin) {
		return 0, fmt.Errorf("publish allocation of %s: %w", a.Client, ErrExists)
	}
	id, entry := w.addEntry(client, a)
	if err := w.watchRelay(id, a.Relay); err != nil {
		w.tables.removeAllocation(id)
		return 0, err
	}
	entry.toPeer, entry.toClient = a.ToPeer, a.ToClient
	entry.terms = w.tables.joinTerms(a.Terms)
	entry.expires = w.deadline(a.Lifetime)
	entry.unpack(&a.Moved)
	entry.clientLimit = longestPayload(a.Client.Addr())
	if l := w.listener(a.Listener); l != nil && l.isProxied() {
		entry.clientLimit = longestPayload(a.Proxy.Addr())
		w.setWay(id, udpbatch.AddrOf(a.Proxy))
	}
	if a.Relay != nil {
		entry.peerLimit = longestPayload(a.Relay.Local().Addr())
	}
	if a.Stream != 0 {
		w.joinStream(id, entry, a.Stream)
	}
	return id, nil
}

// joinStream makes an allocation one of its client's stream, or of the place of none:
// what comes for it must not reach another client. Twins share it.
func (w *Worker) joinStream(id AllocationID, entry *allocation, stream StreamID) {
	t := &w.streams
	switch s := t.get(stream); {
	case s != nil:
		entry.stream = stream.index()
		s.allocations++
		if s.allocation == 0 {
			s.allocation = id
		}
	case entry.twin != 0:
		entry.stream = w.tables.allocations.at(entry.twin).stream
	default:
		entry.stream = t.take()
	}
}

// watchRelay makes a relay socket the worker's.
func (w *Worker) watchRelay(id AllocationID, relay *udpbatch.Conn) error {
	for int(id) >= len(w.relays) {
		w.relays = append(w.relays, nil)
	}
	if relay == nil {
		return nil
	}
	if err := w.poller.Add(relay, id); err != nil {
		return fmt.Errorf("watch relay socket %s: %w", relay.Local(), err)
	}
	w.relays[id] = relay
	relay.CollectNotices(w.notices)
	if w.offloads.trains == On {
		w.startTrains(relay)
	}
	return nil
}

func (w *Worker) addEntry(client udpbatch.Addr, a Allocation) (AllocationID, *allocation) {
	if a.Twin != 0 {
		return w.tables.addTwin(a.Twin)
	}
	return w.tables.addAllocation(client, a.Listener)
}

func (w *Worker) hasTwin(id AllocationID) bool {
	return id != 0 && w.tables.allocations.at(id).twin != 0
}

func longestPayload(a netip.Addr) uint16 {
	if a.Unmap().Is4() {
		return maxPayload4
	}
	return maxPayload6
}

// deadline returns the boot time at which what remains now will be over.
// Control code may be late in its round, so it has a clock read of its own.
func (w *Worker) deadline(remaining time.Duration) int64 {
	return w.clock.boot(w.clock.monotonic()) + int64(remaining)
}

// Extend sets the remaining lifetime of an allocation. An unknown number does
// nothing.
func (w *Worker) Extend(id AllocationID, remaining time.Duration) {
	if a, ok := w.tables.liveAllocation(id); ok {
		a.expires = w.deadline(remaining)
	}
}

// Withdraw removes an allocation with all its entries, closes its relay socket,
// and returns what it relayed. An unknown number does nothing.
func (w *Worker) Withdraw(id AllocationID) Traffic {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return Traffic{}
	}
	traffic, relay := a.traffic, w.relays[id]
	w.remove(id, a)
	if relay != nil {
		// Nothing can be done about a socket that does not close properly, and the
		// kernel frees it all the same.
		_ = relay.Close()
	}
	return traffic
}

// Permit installs or refreshes the permission for a peer's IP address, which may
// be an alias (RFC 8656 section 9). With byPort, PeerAllowed is asked about
// each datagram.
func (w *Worker) Permit(id AllocationID, peer netip.Addr, remaining time.Duration, byPort bool) error {
	ip, err := w.peerIP(id, peer)
	if err != nil {
		return fmt.Errorf("permit %s: %w", peer, err)
	}
	r := w.tables.needPermission(id, &ip)
	w.tables.permissions.at(r).byPort = byPort
	w.tables.permit(r, w.deadline(remaining))
	return nil
}

// Revoke ends a permission, and with it the traffic of the channels to that
// address. What is not there is not an error.
func (w *Worker) Revoke(id AllocationID, peer netip.Addr) {
	ip, err := w.peerIP(id, peer)
	if err != nil {
		return
	}
	if r := w.tables.permissionOf(id, &ip); r != 0 {
		w.tables.revoke(r)
	}
}

// Bind installs or refreshes a channel (RFC 8656 section 12). It carries data
// only while there is a permission for the peer's address, which Permit gives,
// before or after. With byPort, PeerAllowed is asked about each datagram.
func (w *Worker) Bind(id AllocationID, number uint16, peer netip.AddrPort, remaining time.Duration, byPort bool) error {
	ip, err := w.peerIP(id, peer.Addr())
	if err != nil {
		return fmt.Errorf("bind channel to %s: %w", peer, err)
	}
	to := udpbatch.Addr{IP: ip, Port: peer.Port()}
	a := w.tables.allocations.at(id)
	r := w.tables.channelByNumber(&a.client, a.listener, number)
	if r != w.tables.channelByPeer(id, &to) {
		return fmt.Errorf("bind channel %#x to %s: %w", number, peer, ErrChannelBound)
	}
	if r == 0 {
		r = w.tables.addChannel(id, number, to)
	}
	w.tables.channels.at(r).byPort = byPort
	w.tables.bind(r, w.deadline(remaining))
	return nil
}

// Unbind removes a channel. What is not there is not an error.
func (w *Worker) Unbind(id AllocationID, number uint16) {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return
	}
	if r := w.tables.channelByNumber(&a.client, a.listener, number); r != 0 {
		w.tables.removeChannel(r)
	}
}

// Traffic returns what an allocation has relayed so far.
func (w *Worker) Traffic(id AllocationID) Traffic {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return Traffic{}
	}
	return a.traffic
}

// CountTCP adds payload that was relayed for an allocation elsewhere than on this
// worker: by the connections of a TCP allocation. An unknown number does nothing.
func (w *Worker) CountTCP(id AllocationID, toPeerBytes, toClientBytes uint64) {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return
	}
	a.traffic.ToPeerBytes += toPeerBytes
	a.traffic.ToClientBytes += toClientBytes
	w.counters.add(countToPeerBytes, toPeerBytes)
	w.counters.add(countToClientBytes, toClientBytes)
}

// peerIP checks that the allocation exists and can reach the peer, and returns
// the address that the peer's packets have.
func (w *Worker) peerIP(id AllocationID, peer netip.Addr) ([16]byte, error) {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return [16]byte{}, ErrNoAllocation
	}
	if longestPayload(peer) != a.peerLimit {
		return [16]byte{}, ErrFamily
	}
	ip := peer.As16()
	w.toLocal(&ip)
	return ip, nil
}
