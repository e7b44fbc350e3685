// Package allocation holds what a TURN server knows about its allocations:
// lifetimes, permissions, channel bindings, relay ports, and the policy that
// says which peers may be reached at all.
//
// It is pure state. It opens no socket, knows no STUN message and checks no
// credential; the caller asks, acts and publishes the answer to the data plane.
//
// The main types are Table, the allocations of one worker with everything that
// expires in them; PortPool, the free ports of one relay address; and Policy,
// the verdict on a peer address.
//
// A Table and its Allocations belong to one worker thread and are not safe for
// concurrent use; no method waits. A PortPool is shared by all workers. A
// Policy is immutable and may be shared freely. Time is time.Now(), asked at
// every call: what is over counts as absent at once, and Sweep only clears it
// away and tells the owner.
//
// Implements RFC 8656 sections 6 to 10 and 12, server side, for one relayed
// transport address per allocation. Deviations: after a channel binding has
// expired its number may be bound anew at once (the five minutes of section 12
// are the client's duty), and a ChannelBind never shortens a permission.
package allocation
