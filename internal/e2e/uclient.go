//go:build e2e

package e2e

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// uclientTimeout bounds one run of turnutils_uclient; its own answer to
// silence is to wait for good.
const uclientTimeout = 60 * time.Second

// peerPort is where turnutils_peer listens; the RTCP port follows it.
const peerPort = 3480

// uclientResult is how a run of turnutils_uclient ended.
type uclientResult struct {
	exitCode                       int
	sentMessages, receivedMessages int
	sentBytes, receivedBytes       int
	output                         string
}

// uclient runs coturn's load client on the clients' host against the server.
func uclient(t testing.TB, n *testnet.Net, server netip.AddrPort, args ...string) uclientResult {
	t.Helper()
	args = append(append([]string{"-v", "-p", strconv.Itoa(int(server.Port()))}, args...), server.Addr().String())
	p := testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_uclient", args...))
	r := uclientResult{exitCode: p.Wait(t, uclientTimeout), output: p.Output()}
	r.sentMessages, r.receivedMessages = lastPair(r.output, `tot_send_msgs=(\d+), tot_recv_msgs=(\d+)`)
	r.sentBytes, r.receivedBytes = lastPair(r.output, `tot_send_bytes ~ (\d+), tot_recv_bytes ~ (\d+)`)
	return r
}

// lastPair finds the two numbers of the pattern's last match, -1 for none.
func lastPair(text, pattern string) (int, int) {
	matches := regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
	if len(matches) == 0 {
		return -1, -1
	}
	last := matches[len(matches)-1]
	first, _ := strconv.Atoi(last[1]) // digits, by the pattern
	second, _ := strconv.Atoi(last[2])
	return first, second
}

// complete says what is missing from a run that should have got back every
// message it sent, "" when nothing is.
func (r uclientResult) complete(messages int) string {
	switch {
	case r.exitCode != 0:
		return fmt.Sprintf("got exit code %d, want 0", r.exitCode)
	case r.sentMessages != messages:
		return fmt.Sprintf("got %d messages sent, want %d", r.sentMessages, messages)
	case r.receivedMessages != messages:
		return fmt.Sprintf("got %d of %d messages back", r.receivedMessages, messages)
	case r.receivedBytes != r.sentBytes:
		return fmt.Sprintf("got %d of %d bytes back", r.receivedBytes, r.sentBytes)
	}
	return ""
}

// startEchoPeer runs coturn's peer on the peers' host and waits until it
// answers on both its ports and both families.
func startEchoPeer(t testing.TB, n *testnet.Net) {
	t.Helper()
	testnet.Start(t, n.Peers.Command(t.Context(), "turnutils_peer",
		"-p", strconv.Itoa(peerPort), "-L", testnet.PeerV4.String(), "-L", testnet.PeerV6.String()))
	for _, ip := range []netip.Addr{testnet.PeerV4, testnet.PeerV6} {
		conn := n.Peers.ListenUDP(t, netip.AddrPortFrom(ip, 0))
		for _, port := range []uint16{peerPort, peerPort + 1} {
			addr := netip.AddrPortFrom(ip, port)
			testnet.Await(t, patience, func() bool {
				// Refused until the peer listens.
				_, _ = conn.WriteToUDPAddrPort([]byte("ahoy"), addr)
				_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				_, from, err := conn.ReadFromUDPAddrPort(make([]byte, 8))
				return err == nil && from.Port() == port
			}, "turnutils_peer answers at %s", addr)
		}
	}
}
