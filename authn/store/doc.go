// Package store keeps what back-ends know of users within reach of the workers.
//
// A Backend is a database, a service or a rule that can be asked about one user
// of one realm; the packages below are the back-ends. A Store stands in front
// of one: it remembers answers for a while, asks for each user once however many
// requests want to know, bounds how long and how many queries run, and notices
// when its back-end is down. A Set is several stores in order, and the Source
// of an Authenticator.
//
// A back-end that fails denies only what it alone can tell: while it is down its
// Store answers Unavailable at once, uses what it still remembers, and asks
// after it until it is back.
//
// Everything is safe for concurrent use. Each Store has one lock, under which
// nothing waits. No answer, key or secret is ever logged.
package store
