package udpbatch

// Sent is what became of one Conn.Send.
type Sent struct {
	Calls   int // system calls made for data
	Failed  int // entries that did not leave; SendBatch.Err tells why
	Notices int // ICMP errors taken from the error queue on the way
}

// Received is what one Conn.Recv brought.
type Received struct {
	Packets int // datagrams in the slots from first on
	Calls   int // system calls made for data
	Notices int // ICMP errors taken from the error queue on the way
}
