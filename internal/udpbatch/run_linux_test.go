//go:build !portable

package udpbatch

import (
	"net/netip"
	"slices"
	"testing"
)

// Runs are cut where one message cannot go on.
func TestRunsAreCut(t *testing.T) {
	repeat := func(n, size int) []int { return slices.Repeat([]int{size}, n) }
	for _, test := range []struct {
		name  string
		sizes []int
		want  []int // packets of each entry
	}{
		{"equal", repeat(5, 100), []int{5}},
		{"shorter last", append(repeat(5, 100), 7), []int{6}},
		{"after a shorter one", append(append(repeat(3, 100), 7), repeat(2, 100)...), []int{4, 2}},
		{"after two shorter ones", append(repeat(3, 100), 7, 7), []int{4, 1}},
		{"growing", []int{1, 2, 3}, []int{1, 1, 1}},
		{"64 segments", repeat(130, 100), []int{64, 64, 2}},
		{"65,507 bytes", repeat(46, 1472), []int{44, 2}},
		{"exactly 65,507 bytes", append(repeat(2, 32000), 1507), []int{3}},
		{"one byte more", append(repeat(2, 32000), 1508), []int{2, 1}},
		{"an empty one", []int{100, 0, 100}, []int{1, 1, 1}},
		{"only empty ones", []int{0, 0}, []int{1, 1}},
		{"long ones", repeat(2, 40000), []int{1, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := NewSendBatch(64, 256)
			b.SetSegmentation(SegmentAll)
			to := AddrOf(netip.MustParseAddrPort("192.0.2.1:9"))
			bytes := make([]byte, 65507)
			for _, size := range test.sizes {
				b.Append(bytes[:size], &to)
			}
			var got []int
			for _, r := range b.runs[:b.entries] {
				got = append(got, int(r.packets))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got runs of %v packets, want %v", got, test.want)
			}
			if b.Len() != len(test.sizes) {
				t.Errorf("got %d packets, want %d", b.Len(), len(test.sizes))
			}
		})
	}
}

// A run has one destination, and none is made when nobody asked.
func TestRunsHaveOneDestination(t *testing.T) {
	one := AddrOf(netip.MustParseAddrPort("192.0.2.1:9"))
	otherPort := AddrOf(netip.MustParseAddrPort("192.0.2.1:10"))
	otherHost := AddrOf(netip.MustParseAddrPort("192.0.2.2:9"))
	for s, want := range map[Segmentation]int{SegmentNone: 6, SegmentShortEnd: 4, SegmentAll: 4} {
		b := NewSendBatch(8, 8)
		b.SetSegmentation(s)
		for _, to := range []Addr{one, one, otherPort, otherHost, otherHost, one} {
			b.Append([]byte("x"), &to)
		}
		if b.entries != want {
			t.Errorf("segmentation %d: got %d entries, want %d", s, b.entries, want)
		}
	}
}

// A batch is full when either its entries or its packets are used up.
func TestRunsFillTheBatch(t *testing.T) {
	to := AddrOf(netip.MustParseAddrPort("192.0.2.1:9"))
	b := NewSendBatch(2, 4)
	b.SetSegmentation(SegmentAll)
	for i := range 4 {
		if b.Full() {
			t.Fatalf("got a full batch after %d packets, want 4", i)
		}
		b.AppendFramed([]byte("h"), []byte("p"), nil, &to)
	}
	if !b.Full() {
		t.Error("got room for a fifth packet")
	}
	b.Reset()
	for i := range 2 {
		b.Append(make([]byte, i+1), &to)
	}
	if !b.Full() || b.Len() != 2 {
		t.Errorf("got room for a third entry, %d packets, want none, 2", b.Len())
	}
}

func TestSpoilsEqualRuns(t *testing.T) {
	for release, want := range map[string]bool{
		"5.15.0-91-generic": false, "6.18.44": false, "7.0.0": true, "7.1-rc4": true, "7.1.9-arch1": true, "7.2": false,
		"8.0.1": false, "": false, "odd": false,
	} {
		if got := spoilsEqualRuns(release); got != want {
			t.Errorf("%q: got %t, want %t", release, got, want)
		}
	}
}
