package udpbatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

const patience = 30 * time.Second

var layout = udpbatch.Layout{Slots: 8, Headroom: 64, Size: 65535, Tailroom: 8}

func listen(t *testing.T, ip string, o udpbatch.Options) *udpbatch.Conn {
	t.Helper()
	c, err := udpbatch.Listen(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func newRecvBatch(t testing.TB) *udpbatch.RecvBatch {
	t.Helper()
	b, err := udpbatch.NewRecvBatch(layout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// receive receives into the slots from first on until count have arrived.
func receive(t *testing.T, c *udpbatch.Conn, b *udpbatch.RecvBatch, first, count int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for got := 0; got < count; {
		got += c.Recv(b, first+got, count-got).Packets
		if time.Now().After(deadline) {
			t.Fatalf("got %d datagrams, want %d", got, count)
		}
	}
}

func datagram(b *udpbatch.RecvBatch, slot int) []byte {
	return b.Slot(slot)[layout.Headroom : layout.Headroom+b.Size(slot)]
}

func from(b *udpbatch.RecvBatch, slot int) netip.AddrPort {
	var a udpbatch.Addr
	b.From(slot, &a)
	return a.AddrPort()
}

func TestAddr(t *testing.T) {
	for _, text := range []string{"192.0.2.1:3478", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:1", "[::1]:80", "[fe80::1]:9"} {
		want := netip.MustParseAddrPort(text)
		a := udpbatch.AddrOf(want)
		if got := a.AddrPort(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := a.Is4(); got != want.Addr().Is4() {
			t.Errorf("%s: got Is4 %t", want, got)
		}
	}
	zoned := udpbatch.AddrOf(netip.MustParseAddrPort("[fe80::1%eth0]:9"))
	if got, want := zoned.AddrPort(), netip.MustParseAddrPort("[fe80::1]:9"); got != want {
		t.Errorf("got %s, want the zone dropped: %s", got, want)
	}
}

// Datagrams of all sizes arrive as they left, with their sources, in order, and
// leave the room around them alone.
func TestSendAndRecv(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			a, b := listen(t, ip, udpbatch.Options{}), listen(t, ip, udpbatch.Options{})
			recv, send := newRecvBatch(t), udpbatch.NewSendBatch(layout.Slots, layout.Slots)
			to := udpbatch.AddrOf(b.Local())
			for _, sizes := range [][]int{{1472}, {0, 1, 2, 3}, {200, 0, 9000}, {65507}, {1, 1, 1, 1, 1, 1, 1, 1}} {
				send.Reset()
				var packets [][]byte
				for i, n := range sizes {
					p := bytes.Repeat([]byte{byte(i + 1)}, n)
					packets = append(packets, p)
					send.Append(p, &to)
				}
				if s := a.Send(send); s.Failed != 0 || s.Calls == 0 {
					t.Fatalf("got %+v, want nothing failed", s)
				}
				receive(t, b, recv, 0, len(sizes))
				for i, want := range packets {
					if got := datagram(recv, i); !bytes.Equal(got, want) {
						t.Fatalf("sizes %v, packet %d: got %d bytes, want %d", sizes, i, len(got), len(want))
					}
					if got := from(recv, i); got != a.Local() {
						t.Errorf("packet %d: got source %s, want %s", i, got, a.Local())
					}
					slot := recv.Slot(i)
					if len(slot) < layout.Headroom+layout.Size+layout.Tailroom {
						t.Fatalf("got a slot of %d bytes, want room around the datagram", len(slot))
					}
					if !bytes.Equal(slot[:layout.Headroom], make([]byte, layout.Headroom)) {
						t.Error("the headroom was written to")
					}
				}
			}
			if r := b.Recv(recv, 0, 4); r.Packets != 0 {
				t.Errorf("got %d packets from an empty socket, want 0", r.Packets)
			}
		})
	}
}

// One batch serves sockets of both families, one after the other.
func TestBothFamiliesInOneBatch(t *testing.T) {
	recv, send := newRecvBatch(t), udpbatch.NewSendBatch(1, 1)
	for slot, ip := range []string{"127.0.0.1", "::1", "127.0.0.1", "::1"} {
		a, b := listen(t, ip, udpbatch.Options{}), listen(t, ip, udpbatch.Options{})
		to := udpbatch.AddrOf(b.Local())
		send.Reset()
		send.Append([]byte{byte(slot)}, &to)
		a.Send(send)
		receive(t, b, recv, slot, 1)
		if got := from(recv, slot); got != a.Local() {
			t.Errorf("slot %d: got source %s, want %s", slot, got, a.Local())
		}
	}
	for slot := range 4 {
		if got := datagram(recv, slot); len(got) != 1 || got[0] != byte(slot) {
			t.Errorf("slot %d: got % x", slot, got)
		}
	}
}

func TestListenTwiceOnOneAddress(t *testing.T) {
	c := listen(t, "127.0.0.1", udpbatch.Options{})
	if _, err := udpbatch.Listen(c.Local(), udpbatch.Options{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got error %v, want %v", err, syscall.EADDRINUSE)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("got %v from a second Close, want nil", err)
	}
	again, err := udpbatch.Listen(c.Local(), udpbatch.Options{})
	if err != nil {
		t.Fatalf("the port is not free after Close: %v", err)
	}
	again.Close()
}

// Burst sees the longest row of one source.
func TestBurst(t *testing.T) {
	a, b, c := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	recv := newRecvBatch(t)
	slot := 0
	for _, row := range []struct {
		from    *udpbatch.Conn
		packets int
	}{{a, 1}, {b, 2}, {a, 3}, {b, 1}} {
		send(t, row.from, c, row.packets)
		receive(t, c, recv, slot, row.packets)
		slot += row.packets
	}
	for _, test := range []struct{ first, count, want int }{{0, 7, 3}, {0, 3, 2}, {0, 0, 0}, {6, 1, 1}, {4, 3, 2}} {
		if got := recv.Burst(test.first, test.count); got != test.want {
			t.Errorf("%d slots from %d on: got %d, want %d", test.count, test.first, got, test.want)
		}
	}
}

func TestDiscard(t *testing.T) {
	local := netip.MustParseAddrPort("192.0.2.1:3478")
	c := udpbatch.Discard(local)
	send := udpbatch.NewSendBatch(2, 2)
	to := udpbatch.AddrOf(local)
	send.Append([]byte("x"), &to)
	if send.Full() || send.Len() != 1 {
		t.Errorf("got %d entries, full %t, want 1 of 2", send.Len(), send.Full())
	}
	send.Append([]byte("y"), &to)
	if !send.Full() {
		t.Error("got room in a full batch")
	}
	if s := c.Send(send); s.Failed != 0 {
		t.Errorf("got %+v, want nothing failed", s)
	}
	if r := c.Recv(newRecvBatch(t), 0, 2); r.Packets != 0 {
		t.Errorf("got %d packets, want 0", r.Packets)
	}
	if c.Local() != local || c.Close() != nil || c.DrainErrors() != 0 {
		t.Error("got a Conn that is more than a stand-in")
	}
}

// What one entry failed of is told, and forgotten by the next failure.
func TestSendFailures(t *testing.T) {
	a, b := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	recv, send := newRecvBatch(t), udpbatch.NewSendBatch(4, 4)
	to := udpbatch.AddrOf(b.Local())
	fill := func() {
		send.Reset()
		for i := range 4 {
			send.Append([]byte{byte(i)}, &to)
		}
	}
	for _, test := range []struct {
		errno syscall.Errno
		fails []int // entries
	}{
		{syscall.EIO, []int{2}},
		{syscall.ENOBUFS, []int{2}},
		{syscall.EAGAIN, []int{2, 3}},
		{syscall.EMSGSIZE, []int{2}},
	} {
		t.Run(fmt.Sprint(test.errno), func(t *testing.T) {
			// The entry that is second to last fails when it is in front.
			a.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
				if op == udpbatch.OpSend && entries == 2 {
					return 0, test.errno
				}
				return 1, 0
			})
			fill()
			if s := a.Send(send); s.Failed != len(test.fails) {
				t.Fatalf("got %+v, want %d failed", s, len(test.fails))
			}
			for i := range 4 {
				want := syscall.Errno(0)
				for _, n := range test.fails {
					if n == i {
						want = test.errno
					}
				}
				if got := send.Err(i); got != want {
					t.Errorf("entry %d: got %v, want %v", i, got, want)
				}
				if want == 0 {
					receive(t, b, recv, 0, 1)
					if got := datagram(recv, 0); !bytes.Equal(got, []byte{byte(i)}) {
						t.Errorf("got % x, want entry %d", got, i)
					}
				}
			}
		})
	}
}

// A call that reports neither progress nor an error must not go on for ever.
func TestNoProgressEnds(t *testing.T) {
	a := listen(t, "127.0.0.1", udpbatch.Options{})
	a.SetFault(func(udpbatch.Op, int) (int, syscall.Errno) { return 0, syscall.EINTR })
	send := udpbatch.NewSendBatch(4, 4)
	to := udpbatch.AddrOf(a.Local())
	for range 4 {
		send.Append(nil, &to)
	}
	if s := a.Send(send); s.Failed != 4 || s.Calls > 8 {
		t.Errorf("got %+v, want 4 failed after a call or two each", s)
	}
}
