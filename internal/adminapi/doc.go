// Package adminapi is the HTTP API for operators and their tools: what it does
// changes the running server, so it has a listener of its own that is never
// shared with relaying and is unreachable as a peer.
//
//	GET    /v1/revocations       what is revoked
//	POST   /v1/revocations       revoke a user, a username or a shared secret
//	DELETE /v1/revocations/{id}  lift a revocation
//	GET    /v1/bans              which client prefixes are banned
//	POST   /v1/bans              ban one for a while
//	DELETE /v1/bans/{id}         lift a ban
//
// Every request needs the token; without a configured token the listener must
// be a Unix socket, whose file permissions decide. The package holds no state
// and knows no sockets: what it changes is given to it.
package adminapi
