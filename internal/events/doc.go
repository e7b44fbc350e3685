// Package events tells other systems about allocations: that one was created,
// refreshed, what it has relayed so far, and how it ended.
//
// A Bus hands each event to its sinks (log, webhook, Redis), each with a bounded
// queue and a goroutine of its own. Publish never waits: what does not fit into
// a queue is dropped and counted, and so is what a sink could not deliver after
// its retries. Events may therefore be missing, but are never invented; whoever
// must not miss the end of an allocation takes the totals of its last usage.
//
// Nothing here is on the path of a packet: handlers publish where they create,
// refresh and end allocations, and a worker's tick reads usage in portions.
//
// A Bus belongs to whoever called New; Run delivers until its context ends and
// then gives what is queued a last moment. Publish and Stats are safe for
// concurrent use. Secrets and keys are no part of an event.
package events
