//go:build !portable

package relay_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// TestWorkerOf asks real sockets: each worker answers with its number.
func TestWorkerOf(t *testing.T) {
	const workers = 5
	tests := []struct {
		name    string
		listen  string
		source  func(i int) netip.Addr
		sources int
	}{
		{"IPv4", "127.0.0.1:0", func(i int) netip.Addr {
			return netip.AddrFrom4([4]byte{127, byte(i % 7), byte(i % 251), byte(1 + i%250)})
		}, 2000},
		{"IPv6", "[::1]:0", func(int) netip.Addr { return netip.IPv6Loopback() }, 2000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			engine := start(t, relay.Config{
				Workers:   workers,
				Listeners: []netip.AddrPort{netip.MustParseAddrPort(test.listen)},
				Worker: func(int) fastpath.Config {
					return fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
						for i := range batch {
							w.Reply(&batch[i], []byte{0, 1, byte(w.ID())})
						}
					}}
				},
			})
			server := engine.Addresses()[0]
			var hits [workers]int
			for i := range test.sources {
				client := netip.AddrPortFrom(test.source(i), 0)
				got, client := askWorker(t, client, server)
				if want := relay.WorkerOf(client, workers); got != want {
					t.Fatalf("datagram of %s: got worker %d, want %d", client, got, want)
				}
				hits[got]++
			}
			for id, n := range hits {
				if n < test.sources/workers/2 {
					t.Errorf("worker %d: got %d of %d clients, want about %d", id, n, test.sources, test.sources/workers)
				}
			}
		})
	}
}

// askWorker sends one datagram from an address and returns the number of the
// worker that answers it, and the address with its port.
func askWorker(t *testing.T, client, server netip.AddrPort) (int, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(client))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WriteToUDPAddrPort([]byte{0, 1}, server); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	if from != server || n != 3 {
		t.Fatalf("got answer % x from %s, want 3 bytes from %s", b[:n], from, server)
	}
	return int(b[2]), c.LocalAddr().(*net.UDPAddr).AddrPort()
}
