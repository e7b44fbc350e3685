package fastpath

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// reference is what tables hold, in plain maps.
type reference struct {
	clients     map[clientOn]AllocationID
	permissions map[permissionFor]int64 // expiry; 0 while only a channel needs it
	channels    map[channelOn]udpbatch.Addr
}

type clientOn struct {
	client   udpbatch.Addr
	listener ListenerID
}

type permissionFor struct {
	id AllocationID
	ip [16]byte
}

type channelOn struct {
	id     AllocationID
	number uint16
}

func (r *reference) removeAllocation(id AllocationID) {
	for k, v := range r.clients {
		if v == id {
			delete(r.clients, k)
		}
	}
	for k := range r.permissions {
		if k.id == id {
			delete(r.permissions, k)
		}
	}
	for k := range r.channels {
		if k.id == id {
			delete(r.channels, k)
		}
	}
}

func (r *reference) peerBound(id AllocationID, peer udpbatch.Addr) (uint16, bool) {
	for k, v := range r.channels {
		if k.id == id && v == peer {
			return k.number, true
		}
	}
	return 0, false
}

func (r *reference) needed(k permissionFor) bool {
	for c, peer := range r.channels {
		if c.id == k.id && peer.IP == k.ip {
			return true
		}
	}
	return false
}

// Random operations on few enough addresses that they meet, compared with the
// maps all along.
func TestTablesAgainstReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	addr := func() udpbatch.Addr {
		ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(6))})
		if rnd.IntN(2) == 0 {
			ip = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(rnd.IntN(6))})
		}
		return udpbatch.AddrOf(netip.AddrPortFrom(ip, uint16(1+rnd.IntN(4))))
	}
	tables := newTables()
	want := reference{map[clientOn]AllocationID{}, map[permissionFor]int64{}, map[channelOn]udpbatch.Addr{}}
	anyAllocation := func() AllocationID {
		for _, id := range want.clients { // any one will do
			return id
		}
		return 0
	}
	for step := range 30000 {
		id := anyAllocation()
		switch op := rnd.IntN(20); {
		case op < 5 || id == 0:
			k := clientOn{addr(), ListenerID(rnd.IntN(2))}
			if _, ok := want.clients[k]; !ok {
				want.clients[k], _ = tables.addAllocation(k.client, k.listener)
			}
		case op == 5:
			tables.removeAllocation(id)
			want.removeAllocation(id)
		case op < 10:
			k := permissionFor{id, addr().IP}
			tables.permit(tables.needPermission(id, &k.ip), int64(step+1))
			want.permissions[k] = int64(step + 1)
		case op < 12:
			k := permissionFor{id, addr().IP}
			if r := tables.permissionOf(id, &k.ip); r != 0 {
				tables.revoke(r)
			}
			if want.needed(k) {
				want.permissions[k] = 0
			} else {
				delete(want.permissions, k)
			}
		case op < 17:
			k, peer := channelOn{id, uint16(rnd.IntN(5))}, addr()
			_, numberBound := want.channels[k]
			if _, peerBound := want.peerBound(id, peer); numberBound || peerBound {
				continue
			}
			tables.bind(tables.addChannel(id, k.number, peer), math.MaxInt64)
			want.channels[k] = peer
			p := permissionFor{id, peer.IP}
			want.permissions[p] += 0 // there now, perhaps permitting nothing
		default:
			k := channelOn{id, uint16(rnd.IntN(5))}
			a := tables.allocations.at(id)
			r := tables.channelByNumber(&a.client, a.listener, k.number)
			peer, ok := want.channels[k]
			if ok != (r != 0) {
				t.Fatalf("step %d: channel %d found is %t, want %t", step, k.number, r != 0, ok)
			}
			if ok {
				tables.removeChannel(r)
				delete(want.channels, k)
				if p := (permissionFor{id, peer.IP}); want.permissions[p] == 0 && !want.needed(p) {
					delete(want.permissions, p)
				}
			}
		}
		if step%8 == 0 {
			compare(t, step, &tables, &want)
		}
	}
}

// compare looks up everything that is there, and counts, so that nothing else is.
func compare(t *testing.T, step int, tables *tables, want *reference) {
	t.Helper()
	got := [3]int{tables.allocations.used, tables.permissions.used, tables.channels.used}
	if counts := [3]int{len(want.clients), len(want.permissions), len(want.channels)}; got != counts {
		t.Fatalf("step %d: got %v allocations, permissions, channels, want %v", step, got, counts)
	}
	for k, id := range want.clients {
		if got := tables.allocationOf(&k.client, k.listener); got != id {
			t.Fatalf("step %d: got allocation %d of %s, want %d", step, got, k.client.AddrPort(), id)
		}
	}
	for k, expires := range want.permissions {
		r := tables.permissionOf(k.id, &k.ip)
		if r == 0 || tables.permissions.at(r).expires != expires {
			t.Fatalf("step %d: permission %v is %d, want one that expires at %d", step, k, r, expires)
		}
	}
	for k, peer := range want.channels {
		a := tables.allocations.at(k.id)
		r := tables.channelByNumber(&a.client, a.listener, k.number)
		if r == 0 || r != tables.channelByPeer(k.id, &peer) {
			t.Fatalf("step %d: channel %v is %d by number and %d by peer, want the same", step, k, r, tables.channelByPeer(k.id, &peer))
		}
		c := tables.channels.at(r)
		until := want.permissions[permissionFor{k.id, peer.IP}]
		if c.peer != peer || c.number != k.number || c.until != until {
			t.Fatalf("step %d: got channel %+v, want %v to %s until %d", step, c, k, peer.AddrPort(), until)
		}
	}
}

// Entries are handed to other address spaces and must not be looked into by the
// collector: no pointers, no padding that the compiler chose, known sizes. A
// failure here means a new LayoutVersion.
func TestEntryLayout(t *testing.T) {
	sizes := map[string]uintptr{}
	for _, entry := range []any{allocation{}, permission{}, channel{}, terms{}, lease{}} {
		typ := reflect.TypeOf(entry)
		sizes[typ.Name()] = typ.Size()
		checkPlain(t, typ, typ.Name())
	}
	want := map[string]uintptr{"allocation": 136, "permission": 40, "channel": 56, "terms": 112, "lease": 16}
	if diff := cmp.Diff(want, sizes); LayoutVersion != 7 || diff != "" {
		t.Errorf("layout %d has other sizes than expected (-want +got):\n%s", LayoutVersion, diff)
	}
}

func checkPlain(t *testing.T, typ reflect.Type, path string) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Struct:
		var end uintptr
		for f := range typ.Fields() {
			if f.Offset != end {
				t.Errorf("%s.%s: begins at %d, want %d: hidden padding", path, f.Name, f.Offset, end)
			}
			end = f.Offset + f.Type.Size()
			checkPlain(t, f.Type, path+"."+f.Name)
		}
		if end != typ.Size() {
			t.Errorf("%s: ends at %d of %d: hidden padding", path, end, typ.Size())
		}
	case reflect.Array:
		checkPlain(t, typ.Elem(), path+"[]")
	case reflect.Bool, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Int64:
	default:
		t.Errorf("%s: is a %s, want plain numbers", path, typ.Kind())
	}
}

// The hash spreads what an attacker can choose, and differs between workers.
func TestHashSpreads(t *testing.T) {
	s := newSeeds()
	const buckets, keys = 256, 256 * 64
	var hits [buckets]int
	for i := range keys {
		ip := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).As16()
		hits[s.hash(&ip, peerKey(1, 40000))%buckets]++
	}
	for bucket, n := range hits {
		if n < 16 || n > 192 {
			t.Errorf("bucket %d: got %d of %d keys, want about %d", bucket, n, keys, keys/buckets)
		}
	}
	other := newSeeds()
	ip := netip.MustParseAddr("192.0.2.1").As16()
	same := 0
	for i := range uint64(64) {
		if s.hash(&ip, i) == other.hash(&ip, i) {
			same++
		}
	}
	if same > 2 {
		t.Errorf("got %d of 64 hashes alike with other seeds, want none", same)
	}
}

// As many allocations as one relay address has ports come and go, and leave
// small tables.
func TestManyAllocations(t *testing.T) {
	const many = 16384
	b := newBench(t, many)
	for i, id := range b.ids {
		if got := b.tables.allocationOf(&b.clients[i], 0); got != id {
			t.Fatalf("got allocation %d of client %d, want %d", got, i, id)
		}
		number, peer := b.tables.channelByNumber(&b.clients[i], 0, benchNumber), b.tables.channelByPeer(id, &b.peers[i])
		if number == 0 || number != peer {
			t.Fatalf("got channels %d and %d of client %d, want the same", number, peer, i)
		}
	}
	for _, id := range b.ids {
		b.Withdraw(id)
	}
	for name, x := range map[string]*index{
		"client": &b.tables.byClient, "number": &b.tables.byNumber, "peer": &b.tables.byPeer, "permission": &b.tables.byPermission,
	} {
		if x.used != 0 || len(x.slots) != minIndexSlots {
			t.Errorf("index by %s: got %d entries in %d slots, want 0 in %d", name, x.used, len(x.slots), minIndexSlots)
		}
	}
	if used := b.tables.allocations.used + b.tables.permissions.used + b.tables.channels.used; used != 0 {
		t.Errorf("got %d entries left, want 0", used)
	}
}
