package main

import (
	"os"
	"runtime/debug"
)

// gcPercent trades a little time of the collector for memory: a relayed packet
// makes no garbage and a request makes little, while what lives is small and
// mostly without pointers.
const gcPercent = 25

// ballastBytes lets a small heap grow by a quarter of it before the collector looks
// at it: a quarter of what lives is next to nothing until there are many allocations,
// and the collector would run every few hundred of them.
const ballastBytes = 32 << 20

// ballast counts for the collector as memory in use. Nobody touches it, so the
// system never gives it a page.
var ballast []byte

// tuneCollector says how much the heap may grow before it is collected. With GOGC in
// the environment that alone decides; with GOMEMLIMIT, which would count it, there is
// no ballast.
func tuneCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(gcPercent)
	if os.Getenv("GOMEMLIMIT") == "" {
		ballast = make([]byte, ballastBytes)
	}
}
