package bench

import (
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/wire"
)

// channelNumber is the one channel of every allocation.
const channelNumber = 0x4000

// flow is a pair of connected sockets, a client's and a peer's, and what lies
// between them: one allocation with a channel, or nothing.
type flow struct {
	client, peer int     // client -1: it has a stream
	stream       *stream // nil: UDP
	control      *client // nil for a direct flow
	peerAddr     netip.AddrPort
}

// openDirectFlow connects client and peer without a relay.
func (l *lab) openDirectFlow() (*flow, error) {
	f, err := l.openEnds(directClientAddr, directPeerAddr)
	if err != nil {
		return nil, err
	}
	local, err := localAddr(f.client)
	if err == nil {
		err = errors.Join(connect(f.client, f.peerAddr), connect(f.peer, local))
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// openRelayedFlow makes an allocation on the server and binds its channel.
func (l *lab) openRelayedFlow(s *server) (*flow, error) {
	if l.transport.isStream() {
		return l.openStreamFlow(s)
	}
	f, err := l.openEnds(clientAddr, peerAddr)
	if err != nil {
		return nil, err
	}
	f.control = &client{fd: f.client}
	if err := f.establish(s.addr); err != nil {
		return nil, errors.Join(s.explain(err), f.close())
	}
	return f, nil
}

func (f *flow) establish(server netip.AddrPort) error {
	if f.stream == nil {
		if err := connect(f.client, server); err != nil {
			return err
		}
	}
	relayed, err := f.control.allocate()
	if err != nil {
		return err
	}
	if err := connect(f.peer, relayed); err != nil {
		return err
	}
	return f.refresh()
}

// refresh renews permission and channel.
func (f *flow) refresh() error {
	if f.control == nil {
		return nil
	}
	return f.control.bind(channelNumber, f.peerAddr)
}

// openStreamFlow is openRelayedFlow for a client on TCP or TLS.
func (l *lab) openStreamFlow(s *server) (*flow, error) {
	f := &flow{client: -1, peer: -1}
	err := l.clients.do(func() (err error) {
		f.stream, err = openStream(netip.AddrPortFrom(clientAddr, 0), s.addr, l.transport)
		return err
	})
	if err == nil {
		err = f.openPeer(l, peerAddr)
	}
	if err == nil {
		f.control = &client{stream: f.stream}
		err = f.establish(s.addr)
	}
	if err != nil {
		return nil, errors.Join(s.explain(err), f.close())
	}
	return f, nil
}

// openPeer opens the peer's socket.
func (f *flow) openPeer(l *lab, addr netip.Addr) error {
	err := l.peers.do(func() (err error) {
		f.peer, err = openSocket(netip.AddrPortFrom(addr, 0))
		return err
	})
	if err == nil {
		f.peerAddr, err = localAddr(f.peer)
	}
	return err
}

// openEnds opens the two sockets.
func (l *lab) openEnds(clientAddr, peerAddr netip.Addr) (*flow, error) {
	f := &flow{client: -1, peer: -1}
	err := l.clients.do(func() (err error) {
		f.client, err = openSocket(netip.AddrPortFrom(clientAddr, 0))
		return err
	})
	if err == nil {
		err = f.openPeer(l, peerAddr)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// close closes the sockets; the allocation stays until the server ends.
func (f *flow) close() error {
	var err error
	for _, fd := range []int{f.client, f.peer} {
		if fd >= 0 {
			err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
		}
	}
	if f.stream != nil {
		err = errors.Join(err, f.stream.close())
	}
	return err
}

// lane prepares the bursts of a cell on this flow.
func (f *flow) lane(c Cell, payload int) (*lane, error) {
	from, to, template := f.ends(c.Direction, payload)
	return newLane(from, to, template, c.Packets, c.Train)
}

// ends describes the packets that travel this flow in one direction, and makes
// one of them. The tag leads the payload; the client's end has a ChannelData
// header in front of it.
func (f *flow) ends(d Direction, payload int) (from, to end, template []byte) {
	from = end{fd: f.client, stream: f.stream, size: payload}
	to = end{fd: f.peer, size: payload}
	if f.control != nil {
		from.size += wire.ChannelHeaderSize
		from.tag = wire.ChannelHeaderSize
	}
	if f.stream != nil {
		from.fd = f.stream.conn.fd
		from.size = streamPadded(from.size)
	}
	if d == ToClient {
		from, to = to, from
	}
	template = make([]byte, from.size)
	if from.tag == wire.ChannelHeaderSize {
		wire.PutChannelHeader(template, channelNumber, payload)
	}
	return from, to, template
}

// routeOver prepares the bursts of a cell on the first of these flows.
func routeOver(flows []*flow, c Cell, payload int) (*route, error) {
	var lanes []*lane
	for _, f := range flows[:c.Flows] {
		l, err := f.lane(c, payload)
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, l)
	}
	return newRoute(lanes, c.Packets)
}
