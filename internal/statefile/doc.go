// Package statefile keeps small state over a restart: one JSON document in one
// file, replaced as a whole. After a crash at any moment the file holds what was
// last saved, or what was saved before that.
//
// It knows nothing of what it keeps. A File has no lock: its owner serialises
// the calls. It uses nothing but the standard library.
package statefile
