package server

// cleanup collects what must be undone, in reverse, if a sequence of steps
// does not reach its end.
type cleanup []func()

func (c *cleanup) add(undo func()) { *c = append(*c, undo) }

// cancel forgets everything: the sequence has succeeded.
func (c *cleanup) cancel() { *c = nil }

func (c *cleanup) run() {
	for i := len(*c) - 1; i >= 0; i-- {
		(*c)[i]()
	}
}
