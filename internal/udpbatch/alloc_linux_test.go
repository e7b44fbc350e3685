//go:build !race && !portable

package udpbatch_test

import (
	"syscall"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Nothing that is called for a packet allocates.
func TestNoAllocations(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			o := udpbatch.Options{ErrorQueue: true}
			a, b := listen(t, ip, o), listen(t, ip, o)
			recv, send, p := newRecvBatch(t), udpbatch.NewSendBatch(layout.Slots, layout.Slots), newPoller(t, 4)
			if err := p.Add(b, 1); err != nil {
				t.Fatal(err)
			}
			to, packet := udpbatch.AddrOf(b.Local()), make([]byte, 200)
			for _, packets := range []int{1, layout.Slots} {
				got := testing.AllocsPerRun(100, func() {
					send.Reset()
					for range packets {
						send.Append(packet, &to)
					}
					a.Send(send)
					for left := packets; left > 0; {
						if _, err := p.Wait(patience); err != nil {
							t.Fatal(err)
						}
						n := b.Recv(recv, 0, packets).Packets
						for slot := range n {
							var from udpbatch.Addr
							recv.From(slot, &from)
						}
						left -= n
					}
					a.DrainErrors()
					if err := a.DontFragment(false); err != nil {
						t.Fatal(err)
					}
				})
				if got != 0 {
					t.Errorf("%d packets: got %v allocations, want 0", packets, got)
				}
			}
		})
	}
}

// Nor do trains: sent, received, and taken apart after a refusal.
func TestNoAllocationsForTrains(t *testing.T) {
	a, b := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	if err := b.SetTrains(true); err != nil {
		t.Fatal(err)
	}
	recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(4, 16), udpbatch.AddrOf(b.Local())
	send.SetSegmentation(udpbatch.SegmentAll)
	header, payload := make([]byte, 4), make([]byte, 200)
	got := testing.AllocsPerRun(100, func() {
		send.Reset()
		for range 16 {
			send.AppendFramed(header, payload, nil, &to)
		}
		a.Send(send)
		for packets := 0; packets < 16; {
			for slot := range b.Recv(recv, 0, 1).Packets {
				packets += recv.Size(slot) / recv.Segment(slot)
			}
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
	refusing := udpbatch.Discard(a.Local())
	refusing.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
		if op == udpbatch.OpSendRun {
			return 0, syscall.EMSGSIZE
		}
		return entries, 0
	})
	if got := testing.AllocsPerRun(100, func() { refusing.Send(send) }); got != 0 {
		t.Errorf("got %v allocations for a refused run, want 0", got)
	}
}
