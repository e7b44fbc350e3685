package fastpath

import "github.com/fairlead/fairlead/internal/udpbatch"

// Switch is the setting of a feature of the kernel.
type Switch uint8

// The settings.
const (
	// Auto uses the feature where the kernel has it and it pays.
	Auto Switch = iota
	// On uses it without these considerations.
	On
	// Off does not use it.
	Off
)

// offloads are the two features of UDP sockets that save most of the way through
// the kernel for packets that come in trains: segmentation (GSO) of what is
// sent, and coalescing (GRO) of what is received.
type offloads struct {
	support      udpbatch.Support
	segmentation udpbatch.Segmentation
	trains       Switch
}

// trainThreshold is how many datagrams of one source a read must bring in a row
// before Auto asks the kernel to coalesce on that socket. A socket that is not
// asked is read by a call that is some 200 ns cheaper when it has one datagram,
// as that of a voice call has.
const trainThreshold = 8

func newOffloads() offloads {
	o := offloads{support: udpbatch.Probe()}
	o.set(Auto, Auto)
	return o
}

func (o *offloads) set(gso, gro Switch) {
	switch {
	case gso == Off || gso == Auto && !o.support.Segmentation:
		o.segmentation = udpbatch.SegmentNone
	case gso == Auto && o.support.ShortEndOnly:
		o.segmentation = udpbatch.SegmentShortEnd
	default:
		o.segmentation = udpbatch.SegmentAll
	}
	if o.trains = gro; gro == Auto && !o.support.Trains {
		o.trains = Off
	}
}

// SetOffloads switches GSO and GRO, of which a new worker uses both as Auto. It
// is for Post and Tick, not for Control: sockets are emptied before GRO ends on
// them, and what they hold is forwarded.
func (w *Worker) SetOffloads(gso, gro Switch) {
	w.flushClients()
	w.offloads.set(gso, gro)
	w.up.send.SetSegmentation(w.offloads.segmentation)
	for _, l := range w.listeners {
		if l == nil {
			continue
		}
		l.batch.SetSegmentation(w.offloads.segmentation)
		if l.isProxied() {
			continue
		}
		w.setTrains(l.conn, func() int { return w.serveListener(l.id) })
	}
	for id, conn := range w.relays {
		if conn == nil {
			continue
		}
		e := udpbatch.Event{Token: uint32(id), Readable: true}
		w.setTrains(conn, func() int { return w.serveRelay(e) })
	}
	w.flushClients()
}

// setTrains makes a socket follow the switch. A train that is still queued when
// GRO ends would be taken for one datagram, so the socket is muted and served
// until it is empty; what arrives in these microseconds is lost.
func (w *Worker) setTrains(conn *udpbatch.Conn, serve func() (datagrams int)) {
	if w.offloads.trains == On {
		w.startTrains(conn)
	}
	if w.offloads.trains != Off || !conn.Trains() || conn.Mute() != nil {
		return
	}
	for serve() > 0 {
	}
	// Should this fail, trains are still understood.
	_ = conn.SetTrains(false)
	_ = conn.Unmute() // fails only for a socket without a filter
}

// startTrains asks for coalescing on a socket. A kernel that has none is not
// asked again.
func (w *Worker) startTrains(conn *udpbatch.Conn) {
	if conn.SetTrains(true) != nil {
		w.offloads.trains = Off
	}
}

// learnTrains follows what a read brought into the slots from first on: see
// trainThreshold.
func (w *Worker) learnTrains(conn *udpbatch.Conn, b *udpbatch.RecvBatch, first, packets int) {
	if packets < trainThreshold || w.offloads.trains != Auto || conn.Trains() {
		return
	}
	if b.Burst(first, packets) >= trainThreshold {
		w.startTrains(conn)
	}
}

// inUse returns 1 for each feature that is used.
func (o *offloads) inUse() (gso, gro int) {
	if o.segmentation != udpbatch.SegmentNone {
		gso = 1
	}
	if o.trains != Off {
		gro = 1
	}
	return gso, gro
}
