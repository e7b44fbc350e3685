package fastpath_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// What remains shorter than the test runs out by itself, without control code.
func TestEntriesExpire(t *testing.T) {
	const soon = 30 * time.Millisecond
	tests := []struct {
		name   string
		shrink func(w *fastpath.Worker, s *scene)
		want   fastpath.DropReason
		// renew makes the entry live again.
		renew func(w *fastpath.Worker, s *scene)
	}{
		{"allocation",
			func(w *fastpath.Worker, s *scene) { w.Extend(s.a.id, soon) }, fastpath.DropNoAllocation,
			func(w *fastpath.Worker, s *scene) { w.Extend(s.a.id, minute) }},
		{"permission",
			func(w *fastpath.Worker, s *scene) { w.Permit(s.a.id, s.peer.addr.Addr(), soon, false) }, fastpath.DropNoPermission,
			func(w *fastpath.Worker, s *scene) { w.Permit(s.a.id, s.peer.addr.Addr(), minute, false) }},
		{"channel",
			func(w *fastpath.Worker, s *scene) { w.Bind(s.a.id, dropNumber, s.peer.addr, soon, false) }, fastpath.DropNoChannel,
			func(w *fastpath.Worker, s *scene) { w.Bind(s.a.id, dropNumber, s.peer.addr, minute, false) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t, 0)
			s.on(func(w *fastpath.Worker) { test.shrink(w, s) })
			eventually(t, func() bool {
				s.client.send(s.server, channelData(dropNumber, []byte("early")))
				return s.worker.Stats().Drops[test.want] > 0
			})
			s.on(func(w *fastpath.Worker) { test.renew(w, s) })
			s.client.send(s.server, channelData(dropNumber, []byte("again")))
			for got := []byte(nil); string(got) != "again"; {
				got, _ = s.peer.receive()
			}
		})
	}
}

// After its channel has run out, a peer with a permission goes on by Data
// indications.
func TestExpiredChannelFallsBackToData(t *testing.T) {
	s := newScene(t, 0)
	s.on(func(w *fastpath.Worker) { w.Bind(s.a.id, dropNumber, s.peer.addr, 0, false) })
	s.peer.send(s.a.relayed, []byte("still here"))
	message, _ := s.client.receive()
	if peer, data := parseData(t, message); peer != s.peer.addr || string(data) != "still here" {
		t.Errorf("got %q of %s, want \"still here\" of %s", data, peer, s.peer.addr)
	}
}

// A permission is for an IP address: any port of it may send, and a channel
// bound before its permission starts with it.
func TestPermissionIsForTheAddress(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	client, bound, other := newEndpoint(t, loopback4), newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.on(func(w *fastpath.Worker) {
		if err := w.Bind(a.id, 0x4001, bound.addr, minute, false); err != nil {
			t.Error(err)
		}
	})
	bound.send(a.relayed, []byte("early"))
	f.wantDrops(fastpath.DropNoPermission, 1)
	f.permit(a, bound.addr.Addr())
	bound.send(a.relayed, []byte("by channel"))
	client.want(f.server, channelData(0x4001, []byte("by channel")))
	other.send(a.relayed, []byte("by indication"))
	message, _ := client.receive()
	if peer, data := parseData(t, message); peer != other.addr || string(data) != "by indication" {
		t.Errorf("got %q of %s, want that of %s", data, peer, other.addr)
	}
}

// The peer policy is asked for entries by port, with the local address.
func TestPeerAllowedIsAskedByPort(t *testing.T) {
	allowed := newEndpoint(t, loopback4)
	external := netip.MustParseAddr("203.0.113.5")
	f := start(t, loopback4, fastpath.Config{PeerAllowed: func(_ fastpath.AllocationID, peer netip.AddrPort) bool { return peer == allowed.addr }})
	client, other := newEndpoint(t, loopback4), newEndpoint(t, loopback4)
	a := f.publish(client.addr, loopback4)
	f.on(func(w *fastpath.Worker) {
		w.SetAliases([]fastpath.Alias{{External: external, Local: netip.MustParseAddr(loopback4)}})
		if err := w.Permit(a.id, external, minute, true); err != nil {
			t.Error(err)
		}
	})
	shown := netip.AddrPortFrom(external, allowed.addr.Port())
	client.send(f.server, sendIndication(netip.AddrPortFrom(external, other.addr.Port()), []byte("no")))
	client.send(f.server, sendIndication(shown, []byte("yes")))
	allowed.want(a.relayed, []byte("yes"))
	other.send(a.relayed, []byte("no"))
	allowed.send(a.relayed, []byte("yes"))
	message, _ := client.receive()
	if peer, data := parseData(t, message); peer != shown || string(data) != "yes" {
		t.Errorf("got %q of %s, want \"yes\" of %s", data, peer, shown)
	}
	f.wantDrops(fastpath.DropPeerForbidden, 2)
}

func TestWithdraw(t *testing.T) {
	s := newScene(t, 0)
	s.client.send(s.server, channelData(dropNumber, []byte("12345")))
	s.peer.want(s.a.relayed, []byte("12345"))
	files := openFiles()
	var got fastpath.Traffic
	s.on(func(w *fastpath.Worker) { got = w.Withdraw(s.a.id) })
	if want := (fastpath.Traffic{ToPeerPackets: 1, ToPeerBytes: 5}); got != want {
		t.Errorf("got traffic %+v, want %+v", got, want)
	}
	if now := openFiles(); files > 0 && now >= files {
		t.Errorf("got %d open files, want fewer than %d", now, files)
	}
	s.client.send(s.server, channelData(dropNumber, nil))
	s.wantDrops(fastpath.DropNoChannel, 1)
	s.on(func(w *fastpath.Worker) {
		if again := w.Withdraw(s.a.id); again != (fastpath.Traffic{}) {
			t.Errorf("got traffic %+v from a second Withdraw, want none", again)
		}
	})
	eventually(t, func() bool {
		st := s.worker.Stats()
		return st.Allocations == 0 && st.Permissions == 0 && st.Channels == 0
	})
	// The client can have another one, which knows nothing of the first.
	b := s.publish(s.client.addr, loopback4)
	s.peer.send(b.relayed, []byte("stranger"))
	s.wantDrops(fastpath.DropNoPermission, 1)
}

func TestRefusals(t *testing.T) {
	s := newScene(t, 0)
	unknown := s.a.id + 1000
	peer6 := netip.MustParseAddrPort("[::1]:9")
	other := netip.AddrPortFrom(s.peer.addr.Addr(), s.peer.addr.Port()^1)
	spare := udpbatch.Discard(s.server)
	publish := func(w *fastpath.Worker, a fastpath.Allocation) error {
		_, err := w.Publish(a)
		return err
	}
	tests := []struct {
		name string
		do   func(w *fastpath.Worker) error
		want error
	}{
		{"second allocation of a client", func(w *fastpath.Worker) error {
			return publish(w, fastpath.Allocation{Client: s.client.addr, Listener: listenerID, Relay: spare})
		}, fastpath.ErrExists},
		{"unknown listener", func(w *fastpath.Worker) error {
			return publish(w, fastpath.Allocation{Client: other, Listener: listenerID + 1, Relay: spare})
		}, fastpath.ErrNoListener},
		{"listener number taken", func(w *fastpath.Worker) error { return w.AddListener(listenerID, s.server, spare) }, fastpath.ErrExists},
		{"permission on nothing", func(w *fastpath.Worker) error { return w.Permit(unknown, s.peer.addr.Addr(), minute, false) }, fastpath.ErrNoAllocation},
		{"permission on number zero", func(w *fastpath.Worker) error { return w.Permit(0, s.peer.addr.Addr(), minute, false) }, fastpath.ErrNoAllocation},
		{"permission for another family", func(w *fastpath.Worker) error { return w.Permit(s.a.id, peer6.Addr(), minute, false) }, fastpath.ErrFamily},
		{"channel to another family", func(w *fastpath.Worker) error { return w.Bind(s.a.id, 0x4005, peer6, minute, false) }, fastpath.ErrFamily},
		{"channel number bound", func(w *fastpath.Worker) error { return w.Bind(s.a.id, dropNumber, other, minute, false) }, fastpath.ErrChannelBound},
		{"peer bound", func(w *fastpath.Worker) error { return w.Bind(s.a.id, 0x4005, s.peer.addr, minute, false) }, fastpath.ErrChannelBound},
		{"channel refreshed", func(w *fastpath.Worker) error { return w.Bind(s.a.id, dropNumber, s.peer.addr, minute, false) }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got error
			s.on(func(w *fastpath.Worker) { got = test.do(w) })
			if !errors.Is(got, test.want) {
				t.Errorf("got error %v, want %v", got, test.want)
			}
		})
	}
	// What is not there can be taken away without harm.
	s.on(func(w *fastpath.Worker) {
		w.Extend(unknown, minute)
		w.Revoke(unknown, s.peer.addr.Addr())
		w.Revoke(s.a.id, netip.MustParseAddr("192.0.2.1"))
		w.Unbind(unknown, dropNumber)
		w.Unbind(s.a.id, 0x4005)
		w.RemoveListener(listenerID + 1)
		if got := w.Traffic(unknown); got != (fastpath.Traffic{}) {
			t.Errorf("got traffic %+v of an unknown allocation, want none", got)
		}
	})
	s.client.send(s.server, channelData(dropNumber, []byte("unharmed")))
	s.peer.want(s.a.relayed, []byte("unharmed"))
}
