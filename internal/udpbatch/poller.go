package udpbatch

// Event says that a socket wants attention.
type Event struct {
	Token    uint32 // what Add was given
	Readable bool
	Writable bool // a Stream that is watched for it has room
	Failed   bool // an error is pending, the error queue holds something, or a Stream is over
}
