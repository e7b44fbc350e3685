package fastpath

import (
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// Grouping brings the packets of each peer together and keeps their order.
func TestGroup(t *testing.T) {
	for _, test := range []struct{ queue, want string }{
		{"a", "a"},
		{"aaa", "aaa"},
		{"ab", "ab"},
		{"aba", "aab"},
		{"abab", "aabb"},
		{"abcabc", "aabbcc"},
		{"abbbab", "aabbbb"},
		{"abcdcba", "aabbccd"},
		{"aabbaabb", "aaaabbbb"},
		{"abcba", "aabbc"},
	} {
		t.Run(test.queue, func(t *testing.T) {
			var u uplink
			for i, peer := range test.queue {
				u.packets[i] = queued{peer: udpbatch.Addr{Port: uint16(peer)}, size: uint32(i), next: uint16(i + 2)}
			}
			u.packets[len(test.queue)-1].next = 0
			u.group(1)
			var got strings.Builder
			order := make(map[uint16][]uint32)
			for next := uint16(1); next != 0; next = u.packets[next-1].next {
				q := &u.packets[next-1]
				got.WriteString(string(rune(q.peer.Port)))
				order[q.peer.Port] = append(order[q.peer.Port], q.size)
			}
			if got.String() != test.want {
				t.Errorf("got %s, want %s", got.String(), test.want)
			}
			for peer, packets := range order {
				if !slices.IsSorted(packets) {
					t.Errorf("peer %c: got packets in order %v", peer, packets)
				}
			}
		})
	}
}
