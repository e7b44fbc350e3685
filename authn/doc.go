// Package authn decides who may relay.
//
// An Authenticator knows one realm: its static users, its shared secrets for
// REST credentials, and an optional Source of more that live elsewhere. It
// yields candidate keys and lets the caller check the message against them, so
// it never sees a message. Nonces, Limiter and Park guard what happens before a
// client is known: stateless nonces, bounded error answers, bounded waiting.
//
// It is not a store, sends nothing and logs nothing; what to answer (401, 438,
// silence) is the caller's decision.
//
// An Authenticator is immutable: a reload builds the next one and asks it
// StillValid about live allocations. Everything here is safe for concurrent
// use. The only lock is Park's, no callback runs under it, and nothing on the
// path of a request waits: a request that would have to is parked and replayed.
//
// Keys, secrets and passwords print as *** under every verb and in JSON.
//
// Implements the server side of RFC 8489 section 9.2 (long-term credentials)
// with keys by section 18.5.1 and features by section 18.1, the REST
// credentials of draft-uberti-behave-turn-rest-00, and the access tokens of RFC
// 7635 (tokenkey, token). Deliberate deviation: a name
// from the wire is compared as it came, because section 14.3 has the client
// prepare it.
package authn
