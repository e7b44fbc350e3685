package server_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pion/stun/v3"
)

// Many clients move at once between four workers, by UDP and TCP, with data and
// without, some ending their old connection first. Each keeps its relayed
// transport address all the way, and nothing is left in the end.
func TestResumeStorm(t *testing.T) {
	f := start(t, withMobility, func(o *options) { o.workers, o.takesTCP = 4, true })
	t.Run("side by side", func(t *testing.T) {
		for i := range 12 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				own := *f // with a peer of its own
				own.openPeer(t)
				dialAny := func() *client {
					if rand.IntN(3) == 0 {
						return dialTCP(t, f.addr, nil, "alice", "wonderland")
					}
					return dial(t, f.addr, "alice", "wonderland")
				}
				at := dialAny()
				relayed, ticket := at.allocateMobile()
				at.wantCode(at.do(stun.MethodChannelBind, channelNumber(0x4001), peer(own.peer)), 0)
				for range 40 {
					next := dialAny()
					if _, isStream := at.conn.(framed); isStream && rand.IntN(2) == 0 {
						at.conn.Close()
					}
					ticket = next.resume(ticket)
					if rand.IntN(4) == 0 {
						next.wantCode(next.do(stun.MethodRefresh), 0) // before data
					}
					own.toPeer(t, next, 0x4001, relayed)
					own.toClient(t, next, 0x4001, relayed)
					if rand.IntN(4) == 0 {
						ticket = ticketOf(t, next.do(stun.MethodRefresh))
					}
					at.conn.Close()
					at = next
				}
				at.wantCode(at.do(stun.MethodRefresh, lifetime(0)), 0)
			})
		}
	})
	f.wantMobiles(t, 0)
	f.wantNothingHeld(t)
}
