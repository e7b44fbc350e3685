package allocation_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/allocation"
)

// model is RFC 8656 written down as naively as it goes: maps of end times, all
// walked through at every step.
type model struct {
	config      allocation.Config
	allocations map[allocation.FiveTuple]*modelAllocation
	ends        []string // what Expired was to report
}

type modelAllocation struct {
	expires     time.Time
	permissions map[netip.Addr]time.Time
	channels    map[allocation.ChannelNumber]allocation.Channel
}

func over(at time.Time) bool { return !at.After(time.Now()) }

func (m *model) find(f allocation.FiveTuple) *modelAllocation {
	if a := m.allocations[f]; a != nil && !over(a.expires) {
		return a
	}
	return nil
}

func (m *model) create(f allocation.FiveTuple, lifetime time.Duration) error {
	if m.find(f) != nil {
		return allocation.ErrExists
	}
	if m.allocations[f] != nil {
		m.ends = append(m.ends, fmt.Sprint("allocation ", f))
	}
	m.allocations[f] = &modelAllocation{
		expires:     time.Now().Add(m.grant(lifetime)),
		permissions: map[netip.Addr]time.Time{},
		channels:    map[allocation.ChannelNumber]allocation.Channel{},
	}
	return nil
}

func (m *model) grant(asked time.Duration) time.Duration {
	computed := min(asked, m.config.MaxLifetime)
	if computed > m.config.DefaultLifetime {
		return computed
	}
	return m.config.DefaultLifetime
}

func (m *model) permit(a *modelAllocation, peers []netip.Addr) error {
	after := maps.Clone(a.permissions)
	for _, peer := range peers {
		if !peer.Is4() {
			return allocation.ErrPeerFamily
		}
		after[peer] = time.Now().Add(m.config.PermissionLifetime)
	}
	if len(peers) > 0 && m.living(after) > m.config.MaxPermissions {
		return allocation.ErrTooManyPermissions
	}
	a.permissions = after
	return nil
}

func (m *model) living(permissions map[netip.Addr]time.Time) (count int) {
	for _, at := range permissions {
		if !over(at) {
			count++
		}
	}
	return count
}

func (m *model) bind(f allocation.FiveTuple, n allocation.ChannelNumber, peer netip.AddrPort) error {
	a := m.allocations[f]
	if n < 0x4000 || n > 0x4FFF {
		return allocation.ErrChannelNumber
	}
	if !peer.Addr().Is4() {
		return allocation.ErrPeerFamily
	}
	m.endChannels(f)
	for number, c := range a.channels {
		if number == n && c.Peer != peer || number != n && c.Peer == peer {
			return allocation.ErrChannelMismatch
		}
	}
	if _, bound := a.channels[n]; !bound && len(a.channels) == m.config.MaxChannels {
		return allocation.ErrTooManyChannels
	}
	after := maps.Clone(a.permissions)
	if at := time.Now().Add(m.config.ChannelBindPermissionLifetime); at.After(after[peer.Addr()]) {
		after[peer.Addr()] = at
	}
	if m.living(after) > m.config.MaxPermissions {
		return allocation.ErrTooManyPermissions
	}
	a.permissions = after
	a.channels[n] = allocation.Channel{Peer: peer, ExpiresAt: time.Now().Add(m.config.ChannelLifetime)}
	return nil
}

func (m *model) endChannels(f allocation.FiveTuple) {
	for n, c := range m.allocations[f].channels {
		if over(c.ExpiresAt) {
			m.ends = append(m.ends, fmt.Sprint("channel ", f, n, c.Peer))
			delete(m.allocations[f].channels, n)
		}
	}
}

func (m *model) sweep() {
	for f, a := range m.allocations {
		if over(a.expires) {
			m.ends = append(m.ends, fmt.Sprint("allocation ", f))
			delete(m.allocations, f)
			continue
		}
		m.endChannels(f)
		for peer, at := range a.permissions {
			if over(at) {
				m.ends = append(m.ends, fmt.Sprint("permission ", f, peer))
				delete(a.permissions, peer)
			}
		}
	}
}

// pair runs the same operations on a Table and on the model.
type pair struct {
	*testing.T
	table *allocation.Table
	model *model
	ends  []string
}

func newPair(t *testing.T, config allocation.Config) *pair {
	p := &pair{T: t, model: &model{config: config, allocations: map[allocation.FiveTuple]*modelAllocation{}}}
	p.table = allocation.NewTable(config, allocation.Expired{
		Allocation: func(a *allocation.Allocation) { p.ends = append(p.ends, fmt.Sprint("allocation ", a.FiveTuple)) },
		Permission: func(a *allocation.Allocation, peer netip.Addr) {
			p.ends = append(p.ends, fmt.Sprint("permission ", a.FiveTuple, peer))
		},
		Channel: func(a *allocation.Allocation, n allocation.ChannelNumber, peer netip.AddrPort) {
			p.ends = append(p.ends, fmt.Sprint("channel ", a.FiveTuple, n, peer))
		},
	})
	return p
}

var modelPeers = []netip.AddrPort{
	peer1, netip.AddrPortFrom(peer1.Addr(), 7001), peer2, peer3,
	netip.MustParseAddrPort("198.51.100.10:7000"),
	netip.MustParseAddrPort("198.51.100.11:7000"),
	netip.MustParseAddrPort("[2a00::1]:7000"),
	netip.MustParseAddrPort("[::ffff:198.51.100.7]:7000"),
}

// step is one operation, chosen by three random bytes.
func (p *pair) step(kind, x, y byte) {
	r := request(int(x) % 3)
	f, peer := r.FiveTuple, modelPeers[int(y)%len(modelPeers)]
	number := []allocation.ChannelNumber{0x4000, 0x4001, 0x4002, 0x4FFF, 0x3FFF, 0x5000}[int(y>>3)%6]
	a, want := p.table.Find(f), p.model.find(f)
	if (a != nil) != (want != nil) {
		p.Fatalf("Find %v: got %v, want %v", f, a != nil, want != nil)
	}
	switch kind % 10 {
	case 0:
		lifetimes := []time.Duration{0, 60, 600, 700, 1800, 3600, 5000}
		r.Lifetime = lifetimes[int(y)%len(lifetimes)] * time.Second
		_, err := p.table.Create(r)
		p.same(err, p.model.create(f, r.Lifetime))
	case 1:
		p.table.Sweep(time.Now(), unbounded)
		p.model.sweep()
		p.compare()
	case 2, 3:
		waits := []time.Duration{1, time.Second, 30 * time.Second, 99 * time.Second, 100 * time.Second, 300 * time.Second, 301 * time.Second, 600 * time.Second}
		time.Sleep(waits[int(y)%len(waits)])
	}
	if a == nil {
		return
	}
	switch kind % 10 {
	case 4:
		got := p.table.Refresh(a, time.Duration(y)*20*time.Second)
		want.expires = time.Now().Add(p.model.grant(time.Duration(y) * 20 * time.Second))
		if !want.expires.Equal(time.Now().Add(got)) {
			p.Fatalf("Refresh: got %v, want %v", got, time.Until(want.expires))
		}
	case 5:
		peers := []netip.Addr{peer.Addr(), modelPeers[int(y>>3)%5].Addr()}[:y%2+1]
		_, err := p.table.Permit(a, peers)
		p.same(err, p.model.permit(want, peers))
	case 6, 7:
		_, _, err := p.table.Bind(a, number, peer)
		p.same(err, p.model.bind(f, number, peer))
	case 8:
		p.table.Revoke(a, peer.Addr())
		delete(want.permissions, peer.Addr().Unmap())
		p.table.Unbind(a, number)
		delete(want.channels, number)
	case 9:
		if y%4 == 0 {
			p.table.Delete(a)
			delete(p.model.allocations, f)
		}
	}
	p.compare()
}

func (p *pair) same(got, want error) {
	if got != want {
		p.Fatalf("got error %v, want %v", got, want)
	}
}

// compare checks everything that can be asked of the two.
func (p *pair) compare() {
	p.Helper()
	slices.Sort(p.ends)
	slices.Sort(p.model.ends)
	if diff := cmp.Diff(p.model.ends, p.ends); diff != "" {
		p.Fatalf("reported as over (-want +got):\n%s", diff)
	}
	if got, want := p.table.Len(), len(p.model.allocations); got != want {
		p.Fatalf("Len: got %d, want %d", got, want)
	}
	for f, want := range p.model.allocations {
		a := p.table.Find(f)
		if (a == nil) != over(want.expires) {
			p.Fatalf("Find %v: got %v, want over %v", f, a != nil, over(want.expires))
		}
		if a == nil {
			continue
		}
		if !a.ExpiresAt().Equal(want.expires) {
			p.Fatalf("allocation expires: got %v, want %v", a.ExpiresAt(), want.expires)
		}
		live := maps.Clone(want.permissions)
		maps.DeleteFunc(live, func(_ netip.Addr, at time.Time) bool { return over(at) })
		if diff := cmp.Diff(live, permissions(a), addrComparer); diff != "" {
			p.Fatalf("permissions (-want +got):\n%s", diff)
		}
		bound := maps.Clone(want.channels)
		maps.DeleteFunc(bound, func(_ allocation.ChannelNumber, c allocation.Channel) bool { return over(c.ExpiresAt) })
		if diff := cmp.Diff(bound, channels(a), addrComparer); diff != "" {
			p.Fatalf("channels (-want +got):\n%s", diff)
		}
		for _, peer := range modelPeers {
			if _, want := live[peer.Addr().Unmap()]; a.HasPermission(peer.Addr()) != want {
				p.Fatalf("HasPermission(%v): got %v, want %v", peer, !want, want)
			}
		}
	}
}

// run plays the operations that script encodes, three bytes each; the first
// byte chooses the configuration, and whether all five-tuples collide.
func run(t *testing.T, script []byte) {
	if len(script) == 0 {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		config := allocation.DefaultConfig()
		config.MaxPermissions, config.MaxChannels = 3, 3
		config.ChannelBindPermissionLifetime = []time.Duration{100 * time.Second, 300 * time.Second, 900 * time.Second}[script[0]%3]
		p := newPair(t, config)
		if script[0]/3%2 == 1 {
			p.table.Collide()
		}
		for script = script[1:]; len(script) >= 3; script = script[3:] {
			p.step(script[0], script[1], script[2])
		}
		time.Sleep(2 * time.Hour)
		p.table.Sweep(time.Now(), unbounded)
		p.model.sweep()
		p.compare()
		if got := p.table.Len(); got != 0 {
			t.Errorf("Len after everything is over: got %d, want 0", got)
		}
	})
}

func randomScript(seed uint64, steps int) []byte {
	random := rand.New(rand.NewPCG(seed, 8656))
	script := make([]byte, 1+3*steps)
	for i := range script {
		script[i] = byte(random.Uint32())
	}
	return script
}

func TestAgainstModel(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			run(t, randomScript(seed, 400))
		})
	}
}

func FuzzAgainstModel(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(randomScript(seed, 60))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		run(t, script[:min(len(script), 1000)])
	})
}
