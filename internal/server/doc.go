// Package server answers STUN and TURN requests: it joins the codec (wire),
// the credentials (authn), the limits (quota), the state (allocation) and the
// sockets (relay), one file per STUN method.
//
// It is not on the path of relayed data: relay/fastpath forwards by the
// entries that the handlers here publish and withdraw.
//
// A Server is shared; a Handler belongs to one worker and is only ever called
// on that worker's thread, so the allocations it owns need no lock. A request
// runs authenticate, reserve quota, open the relay socket, allocate, publish,
// answer; a failure undoes in reverse. What must wait for a back-end is parked
// and replayed from the start; nothing here blocks.
//
// Everything that a reload may change lives in Settings, an immutable value
// that handlers read once per batch.
//
// A mobile allocation (RFC 8016) may go from handler to handler: mobility says
// what there is to it, resume how a ticket is used, arrival and move how it goes.
//
// Locks: Server.mu (pools) or that of mobiles, then the locks inside quota.Ledger and
// allocation.PortPool, which never call out.
//
// Implements RFC 8489 sections 6.3 and 9.2 and RFC 8656 sections 7 to 12 for
// UDP relays, server side, RFC 8016 and RFC 7635. Deviation: the nonce is checked
// before the username is looked up, so that no store is asked for a stranger.
package server
