package udpbatch

// Burst returns how many of the datagrams in count slots from first on came from
// one source in a row, at most.
func (b *RecvBatch) Burst(first, count int) int {
	var last, from Addr
	longest, row := 0, 0
	for slot := first; slot < first+count; slot++ {
		b.From(slot, &from)
		if row == 0 || from != last {
			last, row = from, 0
		}
		row++
		longest = max(longest, row)
	}
	return longest
}
