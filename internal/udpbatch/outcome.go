package udpbatch

// Sent is what became of one Conn.Send.
type Sent struct {
	Calls    int // system calls made for data
	Failed   int // packets that did not leave; SendBatch.Err tells why
	Notices  int // ICMP errors taken from the error queue on the way
	Messages int // runs that left as one message
	Segments int // packets in them
	Refused  int // runs that the kernel did not take, sent packet by packet
}

// Received is what one Conn.Recv brought.
type Received struct {
	Packets int // datagrams in the slots from first on; a train counts as one
	Calls   int // system calls made for data
	Notices int // ICMP errors taken from the error queue on the way
}
