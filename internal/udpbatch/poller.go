package udpbatch

// Event says that a socket wants attention.
type Event struct {
	Token    uint32 // what Add was given
	Readable bool
	Failed   bool // an error is pending, or the error queue holds something
}
