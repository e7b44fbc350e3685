//go:build e2e || soak

package e2e

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

// packet is data that the server relayed to a client: by ChannelData from
// channel, or by a Data indication from peer.
type packet struct {
	channel uint16
	peer    netip.AddrPort
	payload []byte
}

// send gives the server a Send indication.
func (c *client) send(t testing.TB, peer netip.AddrPort, payload []byte) {
	t.Helper()
	message, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peerAddress(peer), stun.RawAttribute{Type: stun.AttrData, Value: payload})
	if err != nil {
		t.Fatalf("build a Send indication: %v", err)
	}
	c.write(t, message.Raw)
}

// sendChannel gives the server ChannelData, without padding (RFC 8656 section
// 12.5: none is needed over UDP).
func (c *client) sendChannel(t testing.TB, channel uint16, payload []byte) {
	t.Helper()
	c.write(t, channelData(channel, payload))
}

func channelData(channel uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, 4+len(payload)), channel)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	return append(b, payload...)
}

func (c *client) write(t testing.TB, datagram []byte) {
	t.Helper()
	if _, err := c.conn.WriteToUDPAddrPort(datagram, c.server); err != nil {
		t.Fatalf("send %d bytes to %s: %v", len(datagram), c.server, err)
	}
}

// receive returns the next relayed packet, and false when none arrives in time.
func (c *client) receive(t testing.TB, timeout time.Duration) (packet, bool) {
	t.Helper()
	data, err := c.nextPacket(timeout)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("receive at %s: %v", c.local(), err)
	}
	return data, err == nil
}

// nextPacket returns the next relayed packet, os.ErrDeadlineExceeded when none
// arrives in time.
func (c *client) nextPacket(timeout time.Duration) (packet, error) {
	if len(c.pending) > 0 {
		first := c.pending[0]
		c.pending = c.pending[1:]
		return first, nil
	}
	deadline := time.Now().Add(timeout)
	for {
		_, data, err := c.read(deadline)
		if err != nil {
			return packet{}, err
		}
		if data != nil {
			return *data, nil
		}
	}
}

// read returns the next datagram of the server: a message or relayed data.
func (c *client) read(deadline time.Time) (*stun.Message, *packet, error) {
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return nil, nil, err
	}
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(c.buf)
		if err != nil {
			return nil, nil, err
		}
		if netip.AddrPortFrom(from.Addr().Unmap(), from.Port()) != c.server {
			continue
		}
		message, data := decode(c.buf[:n])
		if message != nil || data != nil {
			return message, data, nil
		}
	}
}

// decode tells ChannelData and Data indications from other messages; nil for
// what is neither. Nothing it returns aliases b.
func decode(b []byte) (*stun.Message, *packet) {
	if len(b) >= 4 && b[0]>>6 == 1 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			return nil, nil
		}
		return nil, &packet{channel: binary.BigEndian.Uint16(b), payload: append([]byte{}, b[4:4+n]...)}
	}
	message := new(stun.Message)
	if stun.Decode(b, message) != nil {
		return nil, nil
	}
	if message.Type != stun.NewType(stun.MethodData, stun.ClassIndication) {
		return message, nil
	}
	peer, err := addressIn(message, stun.AttrXORPeerAddress)
	payload, err2 := message.Get(stun.AttrData)
	if err != nil || err2 != nil {
		return nil, nil
	}
	return nil, &packet{peer: peer, payload: append([]byte{}, payload...)}
}
