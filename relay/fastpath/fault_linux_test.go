//go:build !portable

package fastpath_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// A batch of which the kernel takes only a part arrives whole and in order.
func TestShortSends(t *testing.T) {
	for _, part := range []int{1, 2, 3, 5} {
		t.Run(fmt.Sprintf("entries=%d", part), func(t *testing.T) {
			s := newScene(t, 0)
			s.packetByPacket()
			short := func(op udpbatch.Op, entries int) (int, syscall.Errno) {
				if op == udpbatch.OpSend {
					return min(part, entries), 0
				}
				return entries, 0
			}
			s.on(func(*fastpath.Worker) {
				s.a.relay.SetFault(short)
				s.listener.SetFault(short)
			})
			const packets = 20
			s.holdBatch(func() {
				for i := range packets {
					s.client.send(s.server, channelData(dropNumber, []byte{byte(i)}))
				}
			})
			for i := range packets {
				s.peer.want(s.a.relayed, []byte{byte(i)})
			}
			s.holdBatch(func() {
				for i := range packets {
					s.peer.send(s.a.relayed, []byte{byte(i)})
				}
			})
			for i := range packets {
				s.client.want(s.server, channelData(dropNumber, []byte{byte(i)}))
			}
			if got := s.worker.Stats().Drops; total(got) != 0 {
				t.Errorf("got drops %v, want none", got)
			}
		})
	}
}

// One entry that fails costs itself and no other.
func TestOneFailedEntry(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.ENOBUFS, syscall.EMSGSIZE} {
		t.Run(errno.Error(), func(t *testing.T) {
			s := newScene(t, 0)
			s.packetByPacket()
			const packets, bad = 6, 3
			s.on(func(*fastpath.Worker) {
				s.a.relay.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
					switch {
					case op != udpbatch.OpSend:
						return entries, 0
					case entries == packets-bad:
						return 0, errno // the bad one is in front
					case entries > packets-bad:
						return 1, 0
					}
					return entries, 0
				})
			})
			s.holdBatch(func() {
				for i := range packets {
					s.client.send(s.server, channelData(dropNumber, []byte{byte(i)}))
				}
			})
			for i := range packets {
				if i != bad {
					s.peer.want(s.a.relayed, []byte{byte(i)})
				}
			}
			s.wantDrops(dropFor(errno), 1)
		})
	}
}

func dropFor(errno syscall.Errno) fastpath.DropReason {
	switch errno {
	case syscall.ENOBUFS:
		return fastpath.DropNoBuffers
	case syscall.EMSGSIZE:
		return fastpath.DropTooLong
	}
	return fastpath.DropSendError
}

// A full socket fails the rest of its batch; the next batch goes.
func TestFullSocketFailsTheRest(t *testing.T) {
	s := newScene(t, 0)
	s.packetByPacket()
	s.on(func(*fastpath.Worker) {
		s.a.relay.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
			switch {
			case op != udpbatch.OpSend || entries == 1:
				return entries, 0
			case entries == 8:
				return 2, 0
			}
			return 0, syscall.EAGAIN
		})
	})
	s.holdBatch(func() {
		for i := range 8 {
			s.client.send(s.server, channelData(dropNumber, []byte{byte(i)}))
		}
	})
	s.peer.want(s.a.relayed, []byte{0})
	s.peer.want(s.a.relayed, []byte{1})
	s.wantDrops(fastpath.DropSendBufferFull, 6)
	s.client.send(s.server, channelData(dropNumber, []byte("next")))
	s.peer.want(s.a.relayed, []byte("next"))
}

// DF is a property of the socket, so a batch is cut where it changes, and the
// order stays.
func TestDontFragmentCutsTheBatch(t *testing.T) {
	s := newScene(t, 0)
	s.packetByPacket()
	var batches []int
	s.on(func(*fastpath.Worker) {
		s.a.relay.SetFault(func(op udpbatch.Op, entries int) (int, syscall.Errno) {
			if op != udpbatch.OpRecv {
				batches = append(batches, entries)
			}
			return entries, 0
		})
	})
	s.holdBatch(func() {
		for i, whole := range []bool{false, true, true, false} {
			s.client.send(s.server, indicationToPeer(s.peer.addr, []byte{byte(i)}, whole))
		}
	})
	for i := range 4 {
		s.peer.want(s.a.relayed, []byte{byte(i)})
	}
	s.on(func(*fastpath.Worker) {
		if want := []int{1, 2, 1}; !slices.Equal(batches, want) {
			t.Errorf("got batches of %v packets, want %v", batches, want)
		}
	})
}
