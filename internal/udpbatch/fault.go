package udpbatch

import "syscall"

// Op names the system call that a Fault stands in for.
type Op uint8

// The calls that a Fault is asked about.
const (
	OpRecv    Op = iota
	OpSend       // the first entry offered is a packet
	OpSendRun    // the first entry offered is a run
)

// Fault is the test seam for errors that a healthy kernel does not give. When a
// Conn has one, it is asked before every call that moves datagrams, with the
// number of entries offered. An errno is answered in place of the call; else
// the call is made with at most pass entries.
type Fault func(op Op, entries int) (pass int, errno syscall.Errno)
