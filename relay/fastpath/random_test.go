package fastpath_test

import (
	"math/rand/v2"
	"testing"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// Random and mutated datagrams from clients and peers harm nothing: the worker
// goes on and the allocation still carries data.
func TestRandomDatagrams(t *testing.T) {
	s := newScene(t, 0)
	rnd := rand.New(rand.NewPCG(3, 4))
	seeds := [][]byte{
		channelData(dropNumber, payload(40)),
		sendIndication(s.peer.addr, payload(40)),
		indicationToPeer(s.peer.addr, payload(3), true),
		request("something"),
		{22, 254, 253, 0, 0},
		{},
	}
	const datagrams = 20000
	for range datagrams {
		b := append([]byte(nil), seeds[rnd.IntN(len(seeds))]...)
		for range rnd.IntN(4) {
			if len(b) > 0 {
				b[rnd.IntN(len(b))] = byte(rnd.Uint32())
			}
		}
		b = b[:rnd.IntN(len(b)+1)]
		if rnd.IntN(4) == 0 {
			s.peer.send(s.a.relayed, b)
		} else {
			s.client.send(s.server, b)
		}
	}
	// The queues hold more of the above; each end waits for its mark.
	eventually(t, func() bool {
		s.on(func(*fastpath.Worker) {})
		s.client.send(s.server, channelData(dropNumber, []byte("the mark of the client")))
		return s.peer.skipTo("the mark of the client")
	})
	eventually(t, func() bool {
		s.peer.send(s.a.relayed, []byte("the mark of the peer"))
		return s.client.skipTo(string(channelData(dropNumber, []byte("the mark of the peer"))))
	})
	if st := s.worker.Stats(); total(st.Drops) == 0 || st.Messages == 0 || st.ToPeerPackets == 0 {
		t.Errorf("got %+v, want some of everything", st)
	}
}
