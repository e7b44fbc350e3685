package udpbatch

// Instruction is one instruction of a classic BPF program.
type Instruction struct {
	Code   uint16
	Jt, Jf uint8
	K      uint32
}

// Group is a set of sockets that share one address, among which the kernel
// chooses by a program. Its sockets open together and close together: the
// kernel fills the gap that a single one leaves with the last socket of the
// group, and every choice behind it would change.
type Group []*Conn

// Close closes all sockets of the group.
func (g Group) Close() error {
	var first error
	for _, c := range g {
		if err := c.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
