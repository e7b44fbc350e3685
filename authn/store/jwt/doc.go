// Package jwt is the back-end that needs no database: who issues tokens says who
// may relay.
//
// TURN never sends a password, so a token can only come in the USERNAME, and the
// password must be something that the server can work out. With a shared secret
// (HS256, HS384, HS512) the token is cut at its last dot: header and claims are
// the username, the signature is the password, which never crosses the network.
// With a public key (RS*, PS*, ES*, EdDSA) the whole token is the username and
// the password is a configured word; then whoever sees a USERNAME can use it
// until it expires, so it belongs behind TLS.
//
// Claims: sub is the identity that quotas count by, exp is required, nbf, iss,
// aud and a claim realm are heeded. Whether exp has passed is authn's to say, as
// for REST credentials. A Verifier is safe for concurrent use.
package jwt
