// Package quota bounds what one user, tenant, realm, client address and the
// whole server may hold and use.
//
// A Ledger counts live allocations and the rate of new ones. Reserve checks
// every limit and takes from all or from none; the Hold that it returns is
// either committed, when the allocation lives, or released, and a Hold that is
// released before Commit leaves nothing counted, the rate included.
//
// Accounts form a chain, user, tenant, realm, server, with the client's address
// beside it; an allocation holds one place in each. An Override changes limits
// for one realm, tenant or user; the narrower one wins.
//
// Bandwidth that several allocations share is a bucket of internal/bucket for
// each account and direction, which lives as long as the account. Terms tells
// which ones an allocation draws on; the packet loop does the drawing, so it is
// the caller's to hand them on, and again after SetLimits.
//
// It knows no sockets and no messages: the caller answers 486 (RFC 8656 section
// 7.2) to an ExceededError.
//
// Everything is safe for concurrent use. One mutex guards a Ledger and all of
// its Holds; under it only that of the bucket.Array is taken, and no callback
// runs. It is for the control path, never for a packet.
//
// Memory is bounded by the live allocations plus the users and client prefixes
// whose rates have not recovered yet, which takes seconds, and, where users have
// a limit of bytes, by the users that relayed in this period. Usage carries those
// bytes over a restart.
package quota
