// Package quota bounds what one user, one client address and the whole server
// may hold.
//
// A Ledger counts live allocations and the rate of new ones. Reserve checks
// every limit and takes from all or from none; the Hold that it returns is
// either committed, when the allocation lives, or released, and a Hold that is
// released before Commit leaves nothing counted, the rate included.
//
// It knows no sockets and no messages: the caller answers 486 (RFC 8656 section
// 7.2) to an ExceededError. Bandwidth is only carried here as a rate; the token
// buckets that the packet loop draws on live in internal/bucket.
//
// Everything is safe for concurrent use. One mutex guards a Ledger and all of
// its Holds; no other lock is taken under it and no callback runs. It is for
// the control path, never for a packet.
//
// Memory is bounded by the live allocations plus the users and client prefixes
// whose rate has not recovered yet, which takes a second at most.
package quota
