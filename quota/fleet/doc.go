// Package fleet counts live allocations across servers, in Redis.
//
// Each server (node) writes how many allocations every user, tenant and realm
// has on it; a place is free while the sum over the living nodes is below the
// limit. One script checks and counts all holders of an allocation at once. A
// node is alive while its lease is renewed, so what a dead one held comes back
// when its lease is over.
//
// What a node has is its own: it writes absolute counts again with every
// renewal. So lost answers, a Redis that was restarted empty, and whatever went
// on while Redis was away are all put right by the next renewal. While Redis does
// not answer, Reserve grants everything, and the limits of the node's own
// quota.Ledger are what is left.
//
// One goroutine, Run, talks to Redis: everything that waits at a moment goes in
// one pipeline. Reserve waits for it and belongs off the packet workers; Release
// never waits. Memory is bounded by the holders of live allocations.
//
// Keys hold a hash of the names of a holder, and no secret.
package fleet
