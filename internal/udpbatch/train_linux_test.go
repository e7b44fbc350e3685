//go:build !portable

package udpbatch_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

var ips = []string{"127.0.0.1", "::1"}

// train makes packets of one size, each of its own content, and a last one of
// another size.
func train(packets, size, last int) [][]byte {
	var list [][]byte
	for i := range packets {
		n := size
		if i == packets-1 {
			n = last
		}
		p := bytes.Repeat([]byte{byte(i)}, n)
		if n >= 4 {
			binary.BigEndian.PutUint32(p, uint32(i))
		}
		list = append(list, p)
	}
	return list
}

// appendAll appends packets, every third in pieces.
func appendAll(b *udpbatch.SendBatch, packets [][]byte, to *udpbatch.Addr) {
	for i, p := range packets {
		switch third := len(p) / 3; {
		case i%3 == 0 && len(p) > 3:
			b.AppendFramed(p[:third], p[third:2*third], p[2*third:], to)
		case i%3 == 1 && len(p) > 3:
			b.AppendFramed(p[:third], p[third:], nil, to)
		default:
			b.Append(p, to)
		}
	}
}

// collect receives so many datagrams, of trains too.
func collect(t *testing.T, c *udpbatch.Conn, b *udpbatch.RecvBatch, packets int) [][]byte {
	t.Helper()
	var list [][]byte
	for deadline := time.Now().Add(patience); len(list) < packets; {
		if time.Now().After(deadline) {
			t.Fatalf("got %d datagrams, want %d", len(list), packets)
		}
		for slot := range c.Recv(b, 0, b.Len()).Packets {
			data, segment := datagram(b, slot), b.Segment(slot)
			for segment > 0 && len(data) > segment {
				list = append(list, bytes.Clone(data[:segment]))
				data = data[segment:]
			}
			list = append(list, bytes.Clone(data))
		}
	}
	return list
}

func wantSame(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d datagrams, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("datagram %d of %d: got %d bytes, want %d", i, len(want), len(got[i]), len(want[i]))
		}
	}
}

// Trains of all lengths arrive as they were, in order, segmented or not,
// coalesced or not.
func TestTrainsAreExact(t *testing.T) {
	for _, ip := range ips {
		for _, segmentation := range []udpbatch.Segmentation{udpbatch.SegmentNone, udpbatch.SegmentShortEnd, udpbatch.SegmentAll} {
			for _, trains := range []bool{false, true} {
				t.Run(fmt.Sprintf("ip=%s/segmentation=%d/trains=%t", ip, segmentation, trains), func(t *testing.T) {
					a, b := listen(t, ip, udpbatch.Options{}), listen(t, ip, udpbatch.Options{ReceiveBufferBytes: 1 << 20})
					if err := b.SetTrains(trains); err != nil {
						t.Fatal(err)
					}
					recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(64, 256), udpbatch.AddrOf(b.Local())
					send.SetSegmentation(segmentation)
					for packets := 2; packets <= 64; packets++ {
						for _, sizes := range [][2]int{{172, 172}, {172, 171}, {172, 1}, {1000, 999}, {1, 1}} {
							checkTrain(t, a, b, send, recv, &to, train(packets, sizes[0], sizes[1]), segmentation)
						}
					}
					for _, size := range []int{1400, 1452, 1472, 1473, 1500, 4096, 8972} {
						checkTrain(t, a, b, send, recv, &to, train(7, size, size-1), segmentation)
					}
				})
			}
		}
	}
}

func checkTrain(t *testing.T, a, b *udpbatch.Conn, send *udpbatch.SendBatch, recv *udpbatch.RecvBatch, to *udpbatch.Addr,
	packets [][]byte, segmentation udpbatch.Segmentation,
) {
	t.Helper()
	send.Reset()
	appendAll(send, packets, to)
	s := a.Send(send)
	if s.Failed > 0 || s.Refused > 0 {
		t.Fatalf("got %+v, want all sent", s)
	}
	wantSame(t, collect(t, b, recv, len(packets)), packets)
	short := len(packets[len(packets)-1]) < len(packets[0])
	if want := segmentation == udpbatch.SegmentAll || segmentation == udpbatch.SegmentShortEnd && short; want != (s.Segments == len(packets)) {
		t.Fatalf("got %+v for %d packets, segmented %t", s, len(packets), want)
	}
}

// What one socket coalesces, a train holds; a socket that was not asked gets
// datagrams.
func TestSegmentTellsTrains(t *testing.T) {
	for _, ip := range ips {
		a, b := listen(t, ip, udpbatch.Options{}), listen(t, ip, udpbatch.Options{})
		recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(8, 8), udpbatch.AddrOf(b.Local())
		send.SetSegmentation(udpbatch.SegmentAll)
		appendAll(send, train(5, 100, 40), &to)
		for _, test := range []struct {
			on                     bool
			room                   int
			packets, segment, size int
		}{{false, 8, 5, 0, 100}, {true, 8, 1, 100, 440}, {true, 1, 1, 100, 440}, {false, 8, 5, 0, 100}} {
			if err := b.SetTrains(test.on); err != nil || b.Trains() != test.on {
				t.Fatalf("got trains %t, error %v, want %t", b.Trains(), err, test.on)
			}
			a.Send(send)
			r := b.Recv(recv, 0, test.room)
			if r.Packets != test.packets || recv.Segment(0) != test.segment || recv.Size(0) != test.size {
				t.Errorf("%s, trains %t: got %d slots, the first of %d bytes in segments of %d, want %+v", ip, test.on, r.Packets, recv.Size(0), recv.Segment(0), test)
			}
		}
		single := udpbatch.NewSendBatch(1, 1)
		single.Append([]byte("one"), &to)
		if err := b.SetTrains(true); err != nil {
			t.Fatal(err)
		}
		a.Send(single)
		if r := b.Recv(recv, 0, 1); r.Packets != 1 || recv.Segment(0) != 0 || recv.Size(0) != 3 {
			t.Errorf("got %d bytes in segments of %d, want one datagram of 3", recv.Size(0), recv.Segment(0))
		}
	}
}

// Whatever the kernel says about a run, each of its packets arrives once, in
// order; and a socket that cannot segment is spared for a while.
func TestRefusedRuns(t *testing.T) {
	for _, errorQueue := range []bool{false, true} {
		for _, test := range []struct {
			errno syscall.Errno
			rests bool
		}{
			{syscall.EIO, true},
			{syscall.EINVAL, true},
			{syscall.ENOPROTOOPT, true},
			{syscall.EOPNOTSUPP, true},
			{syscall.EMSGSIZE, false},
			{syscall.ECONNREFUSED, false},
			{syscall.ENOBUFS, false},
		} {
			t.Run(fmt.Sprintf("errno=%d/queue=%t", test.errno, errorQueue), func(t *testing.T) {
				a, b := listen(t, "127.0.0.1", udpbatch.Options{ErrorQueue: errorQueue}), listen(t, "127.0.0.1", udpbatch.Options{})
				recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(16, 64), udpbatch.AddrOf(b.Local())
				send.SetSegmentation(udpbatch.SegmentAll)
				var packets [][]byte // a run, a packet, a run, a run
				for _, size := range []int{100, 101, 102, 103} {
					if size == 101 {
						packets = append(packets, train(1, size, size)...)
						continue
					}
					packets = append(packets, train(4, size, 50)...)
				}
				appendAll(send, packets, &to)
				offered := 0
				a.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
					if op == udpbatch.OpSendRun {
						offered++
						return 0, test.errno
					}
					return 1, 0
				})
				refused := 3
				if test.rests {
					refused = 1
				}
				if s := a.Send(send); s.Failed != 0 || s.Refused != refused || s.Messages != 0 {
					t.Errorf("got %+v, want %d runs refused and nothing failed", s, refused)
				}
				wantSame(t, collect(t, b, recv, len(packets)), packets)
				if offered > 9 {
					t.Errorf("got %d offers of 3 runs, want a bounded number", offered)
				}
				offered = 0
				a.Send(send)
				wantSame(t, collect(t, b, recv, len(packets)), packets)
				if got := offered == 0; got != test.rests {
					t.Errorf("got rest %t after the refusal, want %t", got, test.rests)
				}
			})
		}
	}
}

// Segments that are too long for the known MTU of their path cost other paths, and
// shorter ones, no segmentation, whichever way the kernel says it.
func TestTooLongSegmentsSpareNobody(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMSGSIZE, syscall.EINVAL} {
		t.Run(errno.Error(), func(t *testing.T) {
			a, b := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
			recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(16, 64), udpbatch.AddrOf(b.Local())
			send.SetSegmentation(udpbatch.SegmentAll)
			a.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
				if op == udpbatch.OpSendRun {
					return 0, errno
				}
				return entries, 0
			})
			long := train(4, 1400, 1400)
			appendAll(send, long, &to)
			if s := a.Send(send); s.Refused != 1 || s.Failed != 0 {
				t.Errorf("long segments: got %+v, want them refused and sent", s)
			}
			wantSame(t, collect(t, b, recv, len(long)), long)
			a.SetFault(nil)
			send.Reset()
			short := train(4, 200, 200)
			appendAll(send, short, &to)
			if s := a.Send(send); s.Messages != 1 || s.Failed != 0 {
				t.Errorf("short segments: got %+v, want one segmented message", s)
			}
			wantSame(t, collect(t, b, recv, len(short)), short)
		})
	}
}

// The rest ends, and the socket segments again.
func TestRestEnds(t *testing.T) {
	a := udpbatch.Discard(listen(t, "127.0.0.1", udpbatch.Options{}).Local())
	send, to := udpbatch.NewSendBatch(1, 2), udpbatch.AddrOf(a.Local())
	send.SetSegmentation(udpbatch.SegmentAll)
	appendAll(send, train(2, 10, 10), &to)
	a.SetFault(func(udpbatch.Op, int) (int, syscall.Errno) { return 0, syscall.EIO })
	a.Send(send)
	a.SetFault(nil)
	for range 1 << 20 {
		if a.Send(send).Messages == 1 {
			return
		}
	}
	t.Error("got no segmented message any more")
}

// A failure inside a run that is sent packet by packet costs that packet; a full
// socket costs all the rest, of the run and behind it.
func TestFailuresInRuns(t *testing.T) {
	for _, test := range []struct {
		errno syscall.Errno
		lost  []int
	}{
		{syscall.EIO, []int{2}},
		{syscall.ENOBUFS, []int{2}},
		{syscall.EMSGSIZE, []int{2}},
		{syscall.EAGAIN, []int{2, 3, 4, 5}},
	} {
		t.Run(test.errno.Error(), func(t *testing.T) {
			a, b := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
			recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(16, 64), udpbatch.AddrOf(b.Local())
			send.SetSegmentation(udpbatch.SegmentAll)
			packets := append(train(4, 100, 100), train(2, 200, 200)...)
			appendAll(send, packets, &to)
			a.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
				switch {
				case op == udpbatch.OpSendRun && entries == 2:
					return 0, syscall.EMSGSIZE // the first run
				case op == udpbatch.OpSend && entries == 2:
					return 0, test.errno // its third packet
				}
				return 1, 0
			})
			if s := a.Send(send); s.Failed != len(test.lost) {
				t.Fatalf("got %+v, want %d failed", s, len(test.lost))
			}
			var arrive [][]byte
			next := 0
			for i, p := range packets {
				if next < len(test.lost) && test.lost[next] == i {
					next++
					if got := send.Err(i); got != test.errno {
						t.Errorf("packet %d: got %v, want %v", i, got, test.errno)
					}
					continue
				}
				if got := send.Err(i); got != 0 {
					t.Errorf("packet %d: got %v, want it sent", i, got)
				}
				arrive = append(arrive, p)
			}
			wantSame(t, collect(t, b, recv, len(arrive)), arrive)
			if r := b.Recv(recv, 0, 1); r.Packets > 0 {
				t.Error("got a datagram twice")
			}
		})
	}
}

// A full socket does not take a run; everything from there on has failed.
func TestFullSocketFailsRuns(t *testing.T) {
	a, b := listen(t, "127.0.0.1", udpbatch.Options{}), listen(t, "127.0.0.1", udpbatch.Options{})
	recv, send, to := newRecvBatch(t), udpbatch.NewSendBatch(16, 64), udpbatch.AddrOf(b.Local())
	send.SetSegmentation(udpbatch.SegmentAll)
	packets := append(train(4, 100, 100), train(4, 200, 200)...)
	appendAll(send, packets, &to)
	a.SetFault(func(_ udpbatch.Op, entries int) (int, syscall.Errno) {
		if entries == 1 {
			return 0, syscall.EAGAIN
		}
		return 1, 0
	})
	if s := a.Send(send); s.Failed != 4 || s.Messages != 1 || send.Err(3) != 0 || send.Err(4) != syscall.EAGAIN {
		t.Errorf("got %+v, want the second run failed", s)
	}
	wantSame(t, collect(t, b, recv, 4), packets[:4])
}
