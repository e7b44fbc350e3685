// Package logging builds the zap logger of the server and holds what every log
// line of Fairlead shares: the spelling of field keys and a bound on lines that
// strangers can cause.
//
// New makes the one logger that cmd/fairlead passes down; components name it
// (log.Named("server")) and never keep a global one. The level returned beside
// it changes the level of all of them while the server runs.
//
// Field constructors (Client, Peer, Realm, …) are the only place that spells a
// key. They defer formatting until the line is really written.
//
// Limited wraps a logger for lines that an unauthenticated packet can trigger,
// so that remote input never chooses the volume of the log. Each such line
// also needs a counter elsewhere: the log shows examples, metrics show numbers.
//
// Nothing here logs keys, nonces or MESSAGE-INTEGRITY values, and nothing here
// runs per data packet. Logger and Limited are safe for concurrent use.
package logging
