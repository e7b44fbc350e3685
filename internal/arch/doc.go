// Package arch holds the tests that keep the architecture: which package may
// import which, how long a file may be, that every package says what it is
// for, and that no test can skip itself.
//
// It has no code of its own. The rules are those of docs/ARCHITECTURE.md; a
// change of a rule is a change of both.
package arch
