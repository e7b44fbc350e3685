package fastpath

// pace decides whether a socket is read by the call for one datagram or by the
// one for many. A voice call has one at a time, for which the batch call costs
// some 300 ns more: it has to find out that there is no second. A socket with
// more is reported again by the poller, so a wrong guess costs only a round.
type pace struct {
	singles uint8 // reads of one datagram before the next try of a batch
	backoff uint8
	trains  bool // the last read brought one
}

const maxBackoff = 15

// trainShare is the part of the usual number of slots that is read where trains
// come: each may hold 64 datagrams.
const trainShare = 4

// room returns how many datagrams to read, of at most limit.
func (p *pace) room(limit int) int {
	if p.singles > 0 {
		return 1
	}
	if p.trains {
		return max(1, limit/trainShare)
	}
	return limit
}

// saw learns from a read that brought n datagrams, or trains.
func (p *pace) saw(n int, trains bool) {
	p.trains = trains
	switch {
	case p.singles > 0:
		p.singles--
	case n > 1:
		p.backoff = 0
	default:
		p.backoff = min(2*p.backoff+1, maxBackoff)
		p.singles = p.backoff
	}
}
