package bench

import (
	"bytes"
	"encoding/binary"
	"time"
)

// floodRun is how many packets a flood sends before other flows get their turn,
// as one segmented message.
const floodRun = 32

// offer is what one flow sends in one direction, whatever comes through: a
// packet in every interval, or a flood.
type offer struct {
	from, to end
	interval int64  // ns between two packets; 0: a flood
	next     int64  // when the next packet is due
	packets  []byte // one, or those of a flood; the tag holds the time of departure, ns of CLOCK_REALTIME

	sent, received int
	timely         *tally // of the packets that came through; shared between offers
}

// newOffer makes the packets of an offer on a flow.
func (f *flow) newOffer(d Direction, payload int, interval time.Duration, timely *tally) (*offer, error) {
	from, to, template := f.ends(d, payload)
	o := &offer{from: from, to: to, interval: int64(interval), packets: template, timely: timely}
	if interval == 0 {
		o.packets = bytes.Repeat(template, floodRun)
		if err := setSegment(from.fd, len(template)); err != nil {
			return nil, err
		}
	}
	return o, stampArrivals(to.fd)
}

// send sends what is due at now. What the socket does not take is lost.
func (o *offer) send(now int64) {
	if o.interval == 0 {
		o.depart()
		return
	}
	for ; o.next <= now; o.next += o.interval {
		o.depart()
	}
}

// depart stamps the packets and sends them. A pending ICMP error fails one
// call, so they are offered twice.
func (o *offer) depart() {
	now := uint64(time.Now().UnixNano())
	for off := o.from.tag; off < len(o.packets); off += o.from.size {
		binary.BigEndian.PutUint64(o.packets[off:], now)
		o.sent++
	}
	if errno := write(o.from.fd, o.packets); errno != 0 {
		_ = write(o.from.fd, o.packets)
	}
}

// receive counts one batch of packets that left at start or later.
func (o *offer) receive(a *arrivals, start int64) {
	n := a.receive(o.to.fd)
	for i := range n {
		packet := a.packet(i)
		if len(packet) < o.to.size {
			continue
		}
		left := int64(binary.BigEndian.Uint64(packet[o.to.tag:]))
		if left < start {
			continue // of an earlier run
		}
		o.received++
		o.timely.add(a.at(i) - left)
	}
}
