// Package access decides who may be a client, by address: the operator's lists of
// prefixes, and bans for a while.
//
// A Gate is asked with the address of whoever sends something that would otherwise
// be answered: a request, a ClientHello, a connection. It is never asked about data
// that is relayed: who may not be a client has no allocation, as whoever changes a
// list or a ban ends what is live. The package opens no socket and ends nothing
// itself.
//
// Bans belongs to whoever opened it, and its store to Bans. Everything that is asked
// for each message reads an immutable snapshot and takes no lock. Addresses are judged
// in one form: an IPv4 address inside of IPv6 (::ffff:192.0.2.7) as the IPv4 address,
// and without a zone.
package access
