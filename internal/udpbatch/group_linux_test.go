//go:build !portable

package udpbatch_test

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// byFirstByte selects the socket that the first byte of the payload names.
var byFirstByte = []udpbatch.Instruction{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS},
	{Code: unix.BPF_RET | unix.BPF_A},
}

func listenGroup(t *testing.T, ip string, n int) udpbatch.Group {
	t.Helper()
	g, err := udpbatch.ListenGroup(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), n, byFirstByte, udpbatch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// tell sends one datagram of one byte to a group.
func tell(t *testing.T, from *udpbatch.Conn, g udpbatch.Group, first byte) {
	t.Helper()
	b := udpbatch.NewSendBatch(1, 1)
	to := udpbatch.AddrOf(g[0].Local())
	b.Append([]byte{first}, &to)
	if s := from.Send(b); s.Failed > 0 {
		t.Fatal(b.Err(0))
	}
}

func TestGroupSelects(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			const sockets = 5
			g, sender, recv := listenGroup(t, ip, sockets), listen(t, ip, udpbatch.Options{}), newRecvBatch(t)
			for i := range byte(sockets) {
				tell(t, sender, g, i) // nobody listens yet
			}
			if err := g.Serve(); err != nil {
				t.Fatal(err)
			}
			for i := range byte(sockets) {
				tell(t, sender, g, i)
			}
			for i, c := range g {
				if c.Local() != g[0].Local() {
					t.Errorf("socket %d: got address %s, want %s", i, c.Local(), g[0].Local())
				}
				if r := c.Recv(recv, 0, 4); r.Packets != 1 || datagram(recv, 0)[0] != byte(i) {
					t.Errorf("socket %d: got %d datagrams, want its own one, and none from before Serve", i, r.Packets)
				}
			}
		})
	}
}

func TestMutedSocketReceivesNothing(t *testing.T) {
	g, sender, recv := listenGroup(t, "127.0.0.1", 2), listen(t, "127.0.0.1", udpbatch.Options{}), newRecvBatch(t)
	if err := errors.Join(g.Serve(), g[1].Mute()); err != nil {
		t.Fatal(err)
	}
	tell(t, sender, g, 0)
	tell(t, sender, g, 1)
	if a, b := g[0].Recv(recv, 0, 4), g[1].Recv(recv, 0, 4); a.Packets != 1 || b.Packets != 0 {
		t.Errorf("got %d and %d datagrams, want 1 and 0", a.Packets, b.Packets)
	}
}

// A second server on the same address must not share it silently.
func TestGroupOwnsItsAddress(t *testing.T) {
	g := listenGroup(t, "127.0.0.1", 3)
	for _, n := range []int{1, 3} {
		other, err := udpbatch.ListenGroup(g[0].Local(), n, byFirstByte, udpbatch.Options{})
		if !errors.Is(err, syscall.EADDRINUSE) {
			other.Close()
			t.Errorf("group of %d: got error %v, want %v", n, err, syscall.EADDRINUSE)
		}
	}
}

func TestBuffers(t *testing.T) {
	const asked = 150_000 // within what every system grants
	c := listen(t, "127.0.0.1", udpbatch.Options{ReceiveBufferBytes: asked, SendBufferBytes: asked})
	if receive, send := c.Buffers(); receive != asked || send != asked {
		t.Errorf("got buffers of %d and %d bytes, want %d", receive, send, asked)
	}
}

// Errors leave no descriptor behind.
func TestFailuresCloseTheirSockets(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	taken := listen(t, "127.0.0.1", udpbatch.Options{})
	before := count()
	nowhere := netip.MustParseAddrPort("203.0.113.1:0")
	bad := []udpbatch.Instruction{{Code: 0xffff}}
	for range 10 {
		if _, err := udpbatch.Listen(taken.Local(), udpbatch.Options{}); err == nil {
			t.Fatal("got a socket on a taken address")
		}
		if _, err := udpbatch.Listen(nowhere, udpbatch.Options{}); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Fatalf("got error %v, want %v", err, syscall.EADDRNOTAVAIL)
		}
		if _, err := udpbatch.ListenGroup(netip.MustParseAddrPort("127.0.0.1:0"), 3, bad, udpbatch.Options{}); !errors.Is(err, syscall.EINVAL) {
			t.Fatalf("got error %v for a bad program, want %v", err, syscall.EINVAL)
		}
	}
	if after := count(); after > before {
		t.Errorf("got %d open files, want %d as before", after, before)
	}
}
