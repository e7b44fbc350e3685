package relay_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// clerk is the smallest control plane: "allocate", and "bind PEER" with a
// number and a permission for the peer, or "permit PEER".
type clerk struct {
	relayIP netip.Addr
	ids     map[netip.AddrPort]fastpath.AllocationID
}

const exactNumber = 0x4001

func (c *clerk) control(w *fastpath.Worker, batch []fastpath.Message) {
	for i := range batch {
		answer, err := c.answer(w, &batch[i])
		if err != nil {
			answer = "error: " + err.Error()
		}
		w.Reply(&batch[i], append([]byte{0, 1}, answer...))
	}
}

func (c *clerk) answer(w *fastpath.Worker, m *fastpath.Message) (string, error) {
	verb, peer, _ := strings.Cut(string(m.Data[2:]), " ")
	if verb == "allocate" {
		conn, err := relay.RelaySockets{}.Open(netip.AddrPortFrom(c.relayIP, 0))
		if err != nil {
			return "", err
		}
		id, err := w.Publish(fastpath.Allocation{Client: m.Client, Listener: m.Listener, Relay: conn, Lifetime: time.Hour})
		c.ids[m.Client] = id
		return conn.Local().String(), err
	}
	addr, err := netip.ParseAddrPort(peer)
	if err != nil {
		return "", err
	}
	id := c.ids[m.Client]
	err = w.Permit(id, addr.Addr(), time.Hour, false)
	if verb == "bind" {
		err = errors.Join(err, w.Bind(id, exactNumber, addr, time.Hour, false))
	}
	return "done", err
}

// endpoint is a socket of a client or a peer.
type endpoint struct {
	*net.UDPConn
	buf []byte
}

func newEndpoint(t *testing.T, ip netip.Addr) *endpoint {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &endpoint{conn, make([]byte, wire.MaxDatagram)}
}

func (e *endpoint) addr() netip.AddrPort { return e.LocalAddr().(*net.UDPAddr).AddrPort() }

func (e *endpoint) receive(from netip.AddrPort) ([]byte, error) {
	if err := e.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	n, source, err := e.ReadFromUDPAddrPort(e.buf)
	if err == nil && source != from {
		err = fmt.Errorf("got a datagram from %s, want it from %s", source, from)
	}
	return e.buf[:n], err
}

func (e *endpoint) ask(server netip.AddrPort, request string) (string, error) {
	if _, err := e.WriteToUDPAddrPort(append([]byte{0, 1}, request...), server); err != nil {
		return "", err
	}
	answer, err := e.receive(server)
	if err != nil || len(answer) < 2 || strings.HasPrefix(string(answer[2:]), "error") {
		return "", fmt.Errorf("ask to %s: %q, %w", request, answer, err)
	}
	return string(answer[2:]), nil
}

// flow is one client with one peer behind the relay.
type flow struct {
	client, peer    *endpoint
	server, relayed netip.AddrPort
	channel         bool
}

func (f *flow) open() error {
	relayed, err := f.client.ask(f.server, "allocate")
	if err != nil {
		return err
	}
	f.relayed = netip.MustParseAddrPort(relayed)
	verb := "permit "
	if f.channel {
		verb = "bind "
	}
	_, err = f.client.ask(f.server, verb+f.peer.addr().String())
	return err
}

// frame makes of a payload what the client sends.
func (f *flow) frame(payload []byte) []byte {
	if f.channel {
		b := make([]byte, wire.ChannelHeaderSize, wire.ChannelHeaderSize+len(payload))
		wire.PutChannelHeader(b, exactNumber, len(payload))
		return append(b, payload...)
	}
	var b wire.Builder
	b.Indication(wire.MethodSend, [wire.TransactionIDSize]byte{})
	b.XORPeerAddress(f.peer.addr())
	b.Data(payload)
	return bytes.Clone(b.Bytes())
}

// unframe gives the payload of what the client got.
func (f *flow) unframe(b []byte) ([]byte, error) {
	if f.channel {
		number, n, r := wire.ParseChannelData(b)
		if r != wire.OK || number != exactNumber || n != len(b)-wire.ChannelHeaderSize {
			return nil, fmt.Errorf("got %d bytes of channel %#x in a datagram of %d (%s)", n, number, len(b), r)
		}
		return b[wire.ChannelHeaderSize:], nil
	}
	var m wire.Message
	if r := m.Walk(b); r != wire.OK || m.Method != wire.MethodData {
		return nil, fmt.Errorf("got %s (%s), want a Data indication", m.Method, r)
	}
	if peer, _, err := m.XORPeerAddress(); err != nil || peer != f.peer.addr() {
		return nil, fmt.Errorf("got peer %s, error %v, want %s", peer, err, f.peer.addr())
	}
	data, _ := m.Get(wire.AttrData)
	return data, nil
}

// exchange sends a burst of payloads to the peer and back, and compares bytes
// and order at each end.
func (f *flow) exchange(payloads [][]byte) error {
	for _, p := range payloads {
		if _, err := f.client.WriteToUDPAddrPort(f.frame(p), f.server); err != nil {
			return err
		}
	}
	for i, want := range payloads {
		got, err := f.peer.receive(f.relayed)
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("to peer, packet %d of %d: got %d bytes, want %d as sent, error %w", i, len(payloads), len(got), len(want), err)
		}
	}
	for _, p := range payloads {
		if _, err := f.peer.WriteToUDPAddrPort(p, f.relayed); err != nil {
			return err
		}
	}
	for i, want := range payloads {
		datagram, err := f.client.receive(f.server)
		if err != nil {
			return err
		}
		got, err := f.unframe(datagram)
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("to client, packet %d of %d: got %d bytes, want %d as sent, error %w", i, len(payloads), len(got), len(want), err)
		}
	}
	return nil
}

// What may be under way at once must fit the receive queue that a system grants
// to everybody, should all flows meet on one socket: 212,992 bytes, of which a
// datagram of this size takes about 2,300.
const (
	flowsAtOnce = 16
	burst       = 4
)

// run takes the flow through all sizes up to those of an Ethernet frame in
// bursts, and then, alone, the largest that pass.
func (f *flow) run(seed byte, largest int, alone *sync.Mutex) error {
	if err := f.open(); err != nil {
		return err
	}
	var payloads [][]byte
	for n := 0; n <= 1472; n++ {
		p := bytes.Repeat([]byte{seed, byte(n)}, (n+1)/2)[:n]
		if n >= 8 {
			binary.BigEndian.PutUint64(p, uint64(n)) // tells the place in the order
		}
		if payloads = append(payloads, p); len(payloads) == burst || n == 1472 {
			if err := f.exchange(payloads); err != nil {
				return fmt.Errorf("sizes up to %d: %w", n, err)
			}
			payloads = payloads[:0]
		}
	}
	alone.Lock()
	defer alone.Unlock()
	for _, n := range []int{4096, 16384, largest} {
		if err := f.exchange([][]byte{bytes.Repeat([]byte{seed, 1, 2}, n/3+1)[:n]}); err != nil {
			return fmt.Errorf("size %d: %w", n, err)
		}
	}
	return nil
}

// TestBytesAndOrderAreExact runs flows of all kinds at once through eight
// workers, however few the CPUs are.
func TestBytesAndOrderAreExact(t *testing.T) {
	for _, test := range []struct {
		listen, relay                       string
		largestOnChannel, largestIndication int
	}{
		{"127.0.0.1:0", "127.0.0.1", 65507 - 4, (65507 - 36) &^ 3},
		{"[::1]:0", "::1", 65527 - 4, (65527 - 48) &^ 3},
		{"127.0.0.1:0", "::1", 65507 - 4, (65507 - 48) &^ 3},
		{"[::1]:0", "127.0.0.1", 65507, (65527 - 36) &^ 3},
	} {
		t.Run(fmt.Sprintf("listen=%s/relay=%s", test.listen, test.relay), func(t *testing.T) {
			relayIP := netip.MustParseAddr(test.relay)
			engine := start(t, relay.Config{
				Workers:   8,
				Listeners: addrs(test.listen),
				Worker: func(int) fastpath.Config {
					c := &clerk{relayIP, make(map[netip.AddrPort]fastpath.AllocationID)}
					return fastpath.Config{Control: c.control}
				},
			})
			server := engine.Addresses()[0]
			var flows sync.WaitGroup
			var alone sync.Mutex
			for i := range flowsAtOnce {
				f := &flow{
					client: newEndpoint(t, server.Addr()), peer: newEndpoint(t, relayIP),
					server: server, channel: i%2 == 0,
				}
				largest := test.largestIndication
				if f.channel {
					largest = test.largestOnChannel
				}
				flows.Go(func() {
					if err := f.run(byte(i), largest, &alone); err != nil {
						t.Errorf("flow %d: %v", i, err)
					}
				})
			}
			flows.Wait()
			for _, w := range engine.Workers() {
				if drops := w.Stats().Drops; drops != ([fastpath.NumDropReasons]uint64{}) {
					t.Errorf("worker %d: got drops %v, want none", w.ID(), drops)
				}
			}
		})
	}
}
