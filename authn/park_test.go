package authn_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/authn"
)

// request is the key of the n-th request of one client.
func request(n byte) authn.ParkKey {
	return authn.ParkKey{
		Client:        netip.MustParseAddrPort("192.0.2.1:5000"),
		Server:        netip.MustParseAddrPort("192.0.2.2:3478"),
		TransactionID: [12]byte{n},
	}
}

// backend is a look-up that takes a while, or until its context ends.
func backend(takes time.Duration, result error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(takes):
			return result
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wantStats compares the counters of a Park.
func wantStats(t *testing.T, p *authn.Park, want authn.ParkStats) {
	t.Helper()
	if diff := cmp.Diff(want, p.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

func TestParkReplaysOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 10, Lookups: 2, Deadline: time.Minute})
		defer p.Close()
		var lookups atomic.Int32
		replayed := make(chan []byte, 10)
		lookup := func(ctx context.Context) error {
			lookups.Add(1)
			return backend(time.Second, nil)(ctx)
		}
		replay := func(datagram []byte) { replayed <- datagram }

		datagram := []byte("request")
		if !p.Start(request(1), datagram, lookup, replay) {
			t.Fatal("the first request was not parked")
		}
		copy(datagram, "xxxxxxx") // the worker reuses its buffer
		for range 5 {
			time.Sleep(100 * time.Millisecond)
			if p.Start(request(1), []byte("request"), lookup, replay) {
				t.Error("a retransmission was parked")
			}
		}
		wantStats(t, p, authn.ParkStats{Waiting: 1, Started: 1, Duplicates: 5})
		time.Sleep(time.Second)
		synctest.Wait()
		if got := lookups.Load(); len(replayed) != 1 || got != 1 {
			t.Fatalf("got %d replays and %d look-ups, want one of each", len(replayed), got)
		}
		if got := <-replayed; !bytes.Equal(got, []byte("request")) {
			t.Errorf("replayed: got %q, want the request as it came", got)
		}
		wantStats(t, p, authn.ParkStats{Started: 1, Duplicates: 5, Replayed: 1})

		if !p.Start(request(1), datagram, lookup, replay) {
			t.Error("the key was not free again after the replay")
		}
	})
}

// TestParkKeyIsFreeAtReplay: a replayed request may come back at once.
func TestParkKeyIsFreeAtReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 1, Lookups: 1, Deadline: time.Minute})
		defer p.Close()
		again := make(chan bool, 1)
		p.Start(request(1), nil, backend(0, nil), func(datagram []byte) {
			again <- p.Start(request(1), datagram, backend(0, nil), func([]byte) {})
		})
		if !<-again {
			t.Error("the key was still taken during the replay")
		}
	})
}

func TestParkBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 3, Lookups: 3, Deadline: time.Minute})
		defer p.Close()
		start := func(n byte, datagram []byte) bool {
			return p.Start(request(n), datagram, backend(time.Second, nil), func([]byte) {})
		}
		if start(9, make([]byte, authn.MaxParkedBytes+1)) {
			t.Error("an oversized datagram was parked")
		}
		for n := range byte(3) {
			if !start(n, make([]byte, authn.MaxParkedBytes)) {
				t.Errorf("request %d of 3 was not parked", n)
			}
		}
		if start(3, nil) {
			t.Error("a fourth request was parked")
		}
		wantStats(t, p, authn.ParkStats{Waiting: 3, Started: 3, Refused: 2})
		time.Sleep(2 * time.Second)
		if !start(3, nil) {
			t.Error("no room after the first three were replayed")
		}
		wantStats(t, p, authn.ParkStats{Waiting: 1, Started: 4, Refused: 2, Replayed: 3})
	})
}

func TestParkKeys(t *testing.T) {
	base := request(1)
	others := map[string]func(*authn.ParkKey){
		"transport":      func(k *authn.ParkKey) { k.Transport++ },
		"client port":    func(k *authn.ParkKey) { k.Client = netip.AddrPortFrom(k.Client.Addr(), 5001) },
		"server address": func(k *authn.ParkKey) { k.Server = netip.MustParseAddrPort("192.0.2.3:3478") },
		"transaction id": func(k *authn.ParkKey) { k.TransactionID[11]++ },
	}
	for name, change := range others {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := authn.NewPark(authn.ParkConfig{Requests: 2, Lookups: 1, Deadline: time.Minute})
				defer p.Close()
				other := base
				change(&other)
				for _, key := range []authn.ParkKey{base, other} {
					if !p.Start(key, nil, backend(time.Second, nil), func([]byte) {}) {
						t.Errorf("%+v was taken for a retransmission", key)
					}
				}
			})
		})
	}
}

func TestParkRunsFewLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 100, Lookups: 4, Deadline: time.Minute})
		defer p.Close()
		var running, most atomic.Int32
		lookup := func(ctx context.Context) error {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			return backend(time.Second, nil)(ctx)
		}
		began := time.Now()
		replayed := make(chan time.Duration, 40)
		for n := range byte(40) {
			p.Start(request(n), nil, lookup, func([]byte) { replayed <- time.Since(began) })
		}
		var last time.Duration
		for range cap(replayed) {
			last = <-replayed
		}
		if got := most.Load(); got != 4 || last != 10*time.Second {
			t.Errorf("got %d look-ups at once and %v for 40 requests, want 4 and 10s", got, last)
		}
	})
}

func TestParkDrops(t *testing.T) {
	stubborn := func(context.Context) error { time.Sleep(time.Minute); return nil }
	tests := []struct {
		name   string
		lookup func(context.Context) error
		want   authn.ParkStats
	}{
		{"look-up fails", backend(time.Second, errors.New("no route to host")), authn.ParkStats{Started: 1, Failed: 1}},
		{"deadline passes", backend(time.Hour, nil), authn.ParkStats{Started: 1, Late: 1}},
		{"answer after the deadline", stubborn, authn.ParkStats{Started: 1, Late: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := authn.NewPark(authn.ParkConfig{Requests: 1, Lookups: 1, Deadline: 5 * time.Second})
				p.Start(request(1), nil, tt.lookup, func([]byte) { t.Error("replayed") })
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				wantStats(t, p, tt.want)
				p.Close()
			})
		})
	}
}

func TestParkDeadlineCountsWaitingForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 10, Lookups: 1, Deadline: 5 * time.Second})
		defer p.Close()
		var replays atomic.Int32
		for n := range byte(4) {
			p.Start(request(n), nil, backend(2*time.Second, nil), func([]byte) { replays.Add(1) })
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := replays.Load(); got != 2 {
			t.Errorf("got %d replays within the deadline, want 2", got)
		}
		wantStats(t, p, authn.ParkStats{Started: 4, Replayed: 2, Late: 2})
	})
}

func TestParkClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := authn.NewPark(authn.ParkConfig{Requests: 10, Lookups: 2, Deadline: time.Hour})
		var ended atomic.Int32
		lookup := func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // giving up takes a while
			ended.Add(1)
			return nil
		}
		for n := range byte(5) {
			p.Start(request(n), nil, lookup, func([]byte) { t.Error("replayed after Close") })
		}
		synctest.Wait()
		p.Close()
		if got := ended.Load(); got != 2 {
			t.Errorf("look-ups ended when Close returned: got %d, want the 2 that ran", got)
		}
		p.Close()
		if p.Start(request(9), nil, lookup, func([]byte) {}) {
			t.Error("parked after Close")
		}
		wantStats(t, p, authn.ParkStats{Started: 5, Late: 5, Refused: 1})
	})
}
