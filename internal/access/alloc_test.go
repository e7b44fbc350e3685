//go:build !race

package access_test

import (
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/access"
)

func TestJudgeDoesNotAllocate(t *testing.T) {
	gate, client := crowdedGate(t, 1000)
	mapped := netip.AddrFrom16(client.As16())
	if got := testing.AllocsPerRun(1000, func() {
		if gate.Judge(client) != access.Banned || gate.Judge(mapped) != access.Banned {
			t.Error("the client is not banned")
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
