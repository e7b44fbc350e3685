package fastpath

import "github.com/fairlead/fairlead/internal/wire"

// maxChannelNumber is the largest channel number of RFC 8656 section 12.
const maxChannelNumber = 0x4FFF

// channelData forwards a ChannelData message (RFC 8656 section 12.6).
func (w *Worker) channelData(listener ListenerID, v view, b []byte) DropReason {
	number, n, parsed := wire.ParseChannelData(b)
	if parsed != wire.OK {
		return DropMalformed
	}
	if number > maxChannelNumber && !w.cfg.WideChannelNumbers {
		return DropUnknownProtocol
	}
	t := &w.tables
	r := t.channelByNumber(&w.up.from[v.slot], listener, number)
	if r == 0 {
		return DropNoChannel
	}
	c := t.channels.at(r)
	if c.until <= w.boot {
		return w.lose(c.allocation, c.whyDead(w.boot))
	}
	if c.byPort && !w.cfg.PeerAllowed(c.allocation, c.peer.AddrPort()) {
		return w.lose(c.allocation, DropPeerForbidden)
	}
	return w.queueToPeer(c.allocation, &c.peer, view{v.slot, v.offset + wire.ChannelHeaderSize, n}, false)
}
