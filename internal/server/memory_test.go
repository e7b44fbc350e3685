//go:build !race

package server

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// crowd sends signed requests of many clients, each with a REST credential of
// its own, straight to a handler whose relay sockets have nothing behind them:
// no limit of descriptors stands in the way.
type crowd struct {
	handler *Handler
	worker  *fastpath.Worker
	nonces  *authn.Nonces
	auth    *authn.Authenticator
}

const (
	crowdSecret  = "a secret for the crowd"
	crowdBuckets = 1 << 18
)

func newCrowd(tb testing.TB) *crowd {
	tb.Helper()
	auth, err := authn.New(authn.Config{Realm: "example.org", Secrets: []authn.Secret{{Value: crowdSecret}}})
	if err != nil {
		tb.Fatal(err)
	}
	c := &crowd{nonces: authn.NewNonces(nil, time.Hour), auth: auth}
	local := netip.MustParseAddr("192.0.2.1")
	var addresses []RelayAddress
	for i := range byte(8) { // 64 Ki ports hold 16 Ki allocations each
		addresses = append(addresses, RelayAddress{Local: netip.AddrFrom4([4]byte{192, 0, 2, 1 + i})})
	}
	s, err := New(Config{
		Workers:        1,
		Settings:       Settings{Authenticator: auth, Allocation: allocation.DefaultConfig()},
		Nonces:         c.nonces,
		Limiter:        authn.NewLimiter(0, 0),
		RelayAddresses: addresses,
		MinPort:        49152, MaxPort: 65535,
		Buckets:        bucket.NewArray(crowdBuckets),
		OpenRelay:      func(local netip.AddrPort) (*udpbatch.Conn, error) { return udpbatch.Discard(local), nil },
		LocalAddresses: func() []netip.Addr { return nil },
		IsLocalAddress: func(netip.Addr) bool { return false },
		Log:            zap.NewNop(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	c.handler = s.Handler(0)
	if c.worker, err = fastpath.NewWorker(fastpath.Config{Control: c.handler.Control, Tick: c.handler.Tick, Buckets: s.buckets}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.worker.Close() })
	listen := netip.AddrPortFrom(local, 3478)
	if err := c.worker.AddListener(0, listen, udpbatch.Discard(listen)); err != nil {
		tb.Fatal(err)
	}
	return c
}

// join makes the allocation of a client, with one channel.
func (c *crowd) join(client int) {
	c.handler.Control(c.worker, c.joining(client))
}

// joining returns the messages of join.
func (c *crowd) joining(client int) []fastpath.Message {
	request := c.client(client)
	peer := binary.BigEndian.AppendUint32([]byte{0, 1, 0x13 ^ 0x21, 0x12}, 0x08080808^0x2112A442)
	return []fastpath.Message{
		request(stun.MethodAllocate, stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}),
		request(stun.MethodChannelBind,
			stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{0x40, 0, 0, 0}},
			stun.RawAttribute{Type: stun.AttrXORPeerAddress, Value: peer}),
	}
}

// client returns the function by which a client signs a request.
func (c *crowd) client(client int) func(method stun.Method, attrs ...stun.Setter) fastpath.Message {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, byte(client >> 16), byte(client >> 8), byte(client)}), 5000)
	username, password := authn.IssueREST(crowdSecret, fmt.Sprintf("user%06d", client), time.Now().Add(time.Hour))
	sign := []stun.Setter{
		stun.NewUsername(username), stun.NewRealm("example.org"),
		stun.NewNonce(string(c.nonces.Mint(nil, addr, "example.org", c.auth.Features()))),
		stun.NewLongTermIntegrity(username, "example.org", password),
	}
	return func(method stun.Method, attrs ...stun.Setter) fastpath.Message {
		setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)
		m := stun.MustBuild(append(setters, sign...)...)
		return fastpath.Message{Data: m.Raw, Client: addr}
	}
}

// BenchmarkAllocations holds many allocations in the tables of one worker and
// tells what each takes of the Go heap, without its socket.
func BenchmarkAllocations(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				c := newCrowd(b)
				before := liveHeap()
				for client := range n {
					c.join(client)
				}
				after := liveHeap()
				if got := c.handler.table.Len(); got != n {
					b.Fatalf("got %d allocations, want %d", got, n)
				}
				b.ReportMetric(float64(after-before)/float64(n), "heap-B/allocation")
				begin := time.Now()
				c.handler.Tick(c.worker, time.Now())
				b.ReportMetric(float64(time.Since(begin).Nanoseconds()), "ns/tick")
				runtime.KeepAlive(c)
			}
		})
	}
}

// What a set-up leaves on the heap is what the allocation lives on: garbage beside it
// would let the collector run more often.
func TestSetUpLeavesNoGarbage(t *testing.T) {
	const clients = 4096
	// Of a client with a name of its own: allocation, hold, name, relay socket,
	// permissions, channels, and its account with two entries in the book of quotas.
	const lasting = 10
	c := newCrowd(t)
	c.join(clients) // what the first one prepares for all
	var joining [clients][]fastpath.Message
	for client := range joining {
		joining[client] = c.joining(client)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for client := range joining {
		c.handler.Control(c.worker, joining[client])
	}
	runtime.ReadMemStats(&after)
	if got := c.handler.table.Len(); got != clients+1 {
		t.Fatalf("got %d allocations, want %d", got, clients+1)
	}
	if got := float64(after.Mallocs-before.Mallocs) / clients; got > lasting {
		t.Errorf("got %.1f objects per set-up, want at most the %d that last", got, lasting)
	}
	t.Logf("%.1f objects, %d bytes per set-up", float64(after.Mallocs-before.Mallocs)/clients, (after.TotalAlloc-before.TotalAlloc)/clients)
}

// BenchmarkSetUp is the work of a set-up, Allocate and ChannelBind, without system
// calls.
func BenchmarkSetUp(b *testing.B) {
	const clients = 10_000
	for b.Loop() {
		b.StopTimer()
		c := newCrowd(b)
		var joining [clients][]fastpath.Message
		for client := range joining {
			joining[client] = c.joining(client)
		}
		runtime.GC()
		b.StartTimer()
		for client := range joining {
			c.handler.Control(c.worker, joining[client])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clients, "ns/set-up")
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
