package relay

import "runtime"

// DefaultWorkers is the number of CPUs that this process may use: those of its
// affinity mask, or fewer if its control group has a smaller quota. The Go
// runtime starts with that number of threads, so it must be asked before
// GOMAXPROCS is changed.
func DefaultWorkers() int { return runtime.GOMAXPROCS(0) }
