package bench

// ratio compares the net cost of a server with that of a reference in one
// cell: the quotients of their rounds, which lie side by side in time. It is
// not ok when one of the two is missing or unusable, or when the reference
// cost nothing that could be measured.
func (r *Report) ratio(c Cell, server, reference string) (q Quartiles, ok bool) {
	a, okA := r.find(c, server)
	b, okB := r.find(c, reference)
	if !okA || !okB || !a.IsUsable() || !b.IsUsable() {
		return Quartiles{}, false
	}
	var quotients []float64
	for i := range min(len(a.NetRoundsNs), len(b.NetRoundsNs)) {
		if b.NetRoundsNs[i] > 0 {
			quotients = append(quotients, a.NetRoundsNs[i]/b.NetRoundsNs[i])
		}
	}
	return quartilesOf(quotients), len(quotients) > 0
}
