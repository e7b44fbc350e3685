//go:build e2e || soak

package e2e

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// What of a flow is on the way at most, in packets and bytes: little enough for
// every socket buffer on the path, where the kernel counts fragments as pages.
const (
	windowPackets = 16
	windowBytes   = 32 << 10
)

// way is one form in which a client and a peer exchange data.
type way struct {
	name    string
	channel uint16 // 0: Send and Data indications
}

var ways = []way{{name: "indications"}, {name: "channel", channel: 0x4000}}

// maxPayload is the largest payload that fits a UDP datagram over IPv4 (65,507
// bytes) or IPv6 (65,527) with what TURN puts around it, in both directions.
func maxPayload(w way, client netip.Addr) int {
	datagram, address := 65_507, 4+8
	if client.Is6() {
		datagram, address = 65_527, 4+20
	}
	if w.channel != 0 {
		return datagram - 4
	}
	// The header, XOR-PEER-ADDRESS, and DATA with padding.
	return (datagram-20-address)&^3 - 4
}

// payloads is one random payload of each size.
func payloads(t testing.TB, largest int) [][]byte {
	t.Helper()
	var all [][]byte
	random := rand.NewChaCha8([32]byte{1})
	add := func(size int) {
		b := make([]byte, size)
		_, _ = random.Read(b)
		all = append(all, b)
	}
	for size := range 1473 {
		add(size)
	}
	for _, size := range []int{8_000, 32_768, largest - 1, largest} {
		add(size)
	}
	return all
}

// exchange sends the payloads to an echoing peer and wants all of them back,
// unchanged and in order.
func exchange(t testing.TB, c *client, w way, peer netip.AddrPort, payloads [][]byte) {
	t.Helper()
	underway := 0
	for sent, received := 0, 0; received < len(payloads); received++ {
		for ; sent < len(payloads) && sent < received+windowPackets; sent++ {
			if size := len(payloads[sent]); sent > received && underway+size > windowBytes {
				break
			}
			underway += len(payloads[sent])
			if w.channel != 0 {
				c.sendChannel(t, w.channel, payloads[sent])
			} else {
				c.send(t, peer, payloads[sent])
			}
		}
		got, ok := c.receive(t, lossTimeout)
		if !ok {
			t.Fatalf("packet %d of %d bytes: got nothing, want it back", received, len(payloads[received]))
		}
		underway -= len(payloads[received])
		if !bytes.Equal(got.payload, payloads[received]) {
			t.Fatalf("packet %d of %d bytes: got %d other bytes", received, len(payloads[received]), len(got.payload))
		}
		if got.channel != w.channel || w.channel == 0 && got.peer != peer {
			t.Fatalf("packet %d: got it by channel %#x from %s, want channel %#x or peer %s", received, got.channel, got.peer, w.channel, peer)
		}
	}
}
