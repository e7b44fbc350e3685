package relay_test

import (
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// The switches reach every worker, at the start and while the engine runs.
func TestOffloadsReachEveryWorker(t *testing.T) {
	support := udpbatch.Probe()
	engine := start(t, relay.Config{
		Workers: 2, Listeners: addrs("127.0.0.1:0"), Worker: idle, GSO: fastpath.Off, GRO: fastpath.Off,
	})
	check := func(gso, gro bool) {
		t.Helper()
		for _, w := range engine.Workers() {
			done := make(chan struct{})
			// The round that counts is over when the next one runs this.
			for range 2 {
				if err := w.Post(func(*fastpath.Worker) { done <- struct{}{} }); err != nil {
					t.Fatal(err)
				}
				<-done
			}
			if st := w.Stats(); st.GSO != gso || st.GRO != gro {
				t.Errorf("worker %d: got GSO %t, GRO %t, want %t, %t", w.ID(), st.GSO, st.GRO, gso, gro)
			}
		}
	}
	check(false, false)
	if err := engine.SetOffloads(fastpath.Auto, fastpath.Off); err != nil {
		t.Fatal(err)
	}
	check(support.Segmentation, false)
	if err := engine.SetOffloads(fastpath.Off, fastpath.Auto); err != nil {
		t.Fatal(err)
	}
	check(false, support.Trains)
}
