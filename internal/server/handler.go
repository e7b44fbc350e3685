package server

import (
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Handler answers the requests of one worker. All its methods run on that
// worker's thread.
type Handler struct {
	server *Server
	table  *allocation.Table
	held   heldTable                         // by Allocation.Handle
	tcp    map[uint32]*allocation.Allocation // those with held.tcp, by Handle
	id     int                               // of the worker

	// Of mobile allocations: those that are here, by serial number; those that may
	// go to another five-tuple, by that; and those that may come to one.
	mobiles  map[uint32]*mobility
	leaving  map[allocation.FiveTuple]*mobility
	expected map[allocation.FiveTuple]*arrival

	parties     map[partyName]*party
	lastEventID uint64
	usageShare  uint32 // of this tick: the handles, modulo usageTicks, whose usage is told
	isCharging  bool
	counts      counts

	// For the batch being handled.
	worker   *fastpath.Worker
	settings *Settings
	nowNs    int64
	isReplay bool   // of a request that was parked
	grant    *grant // of the fleet, for the request that is replayed; nil: not asked yet

	// Scratch, reused for every request.
	request   request
	diverted  fastpath.Message // an answer's way, where it is not that of its request
	msg       wire.Message
	answer    wire.Builder
	nonce     []byte
	unknown   []wire.AttrType
	peers     []netip.AddrPort
	addrs     []netip.Addr
	addrPorts []netip.AddrPort

	alternateDomain string
}

// held is what a live allocation keeps of the server's supplies.
type held struct {
	*party
	pool             *allocation.PortPool
	hold             *quota.Hold
	key              authn.Key              // that its Allocate, or the last Refresh with a token, was checked with
	tokenEnd         int64                  // of the access token that made it, Unix ns; 0: a user has
	allocation       *allocation.Allocation // nil where the handle stands for none
	eventID          uint64                 // names it in events
	mobility         *mobility              // nil: its client stays where it is
	token            token                  // reservation made with it, zero if none
	lack             missingFamily
	toPeer, toClient bucket.Index
	newPeers         pace
	charged          uint64   // payload bytes that its user was charged with
	tcp              *tcpHeld // nil for an allocation that relays datagrams
}

func newHandler(s *Server, worker int) *Handler {
	h := &Handler{
		server: s, id: worker, parties: make(map[partyName]*party), lastEventID: firstEventID(s.started),
		tcp:      make(map[uint32]*allocation.Allocation),
		mobiles:  make(map[uint32]*mobility),
		leaving:  make(map[allocation.FiveTuple]*mobility),
		expected: make(map[allocation.FiveTuple]*arrival),
	}
	h.table = allocation.NewTable(s.settings.Load().Allocation, allocation.Expired{
		Allocation: func(a *allocation.Allocation) { h.release(a, endExpired) },
		Permission: func(a *allocation.Allocation, peer netip.Addr) {
			h.worker.Revoke(fastpath.AllocationID(a.Handle), peer)
		},
		Channel: func(a *allocation.Allocation, n allocation.ChannelNumber, _ netip.AddrPort) {
			h.worker.Unbind(fastpath.AllocationID(a.Handle), uint16(n))
		},
	})
	return h
}

// Control handles the STUN messages of one batch; it is the worker's
// fastpath.Control.
func (h *Handler) Control(w *fastpath.Worker, batch []fastpath.Message) {
	h.enter(w)
	for i := range batch {
		h.handle(&batch[i])
	}
}

// Tick ends what has expired; it is the worker's fastpath.Config.Tick.
func (h *Handler) Tick(w *fastpath.Worker, now time.Time) (calm bool) {
	h.sweep(w)
	h.countAllTCP()
	h.chargeUsers(w)
	h.tellUsage()
	h.sweepArrivals()
	calm = h.isCalm(now)
	if w.ID() == 0 { // what all workers share is swept by one
		calm = h.server.reservations.sweep(now) == 0 && calm
		h.server.ledger.Sweep()
	}
	return calm
}

// calmTime is longer than two ticks of a worker to which nothing comes may be apart.
const calmTime = 10 * time.Second

// isCalm reports whether no tick has something to do for a while unless something
// comes.
func (h *Handler) isCalm(now time.Time) bool {
	return !h.table.IsDue(now.Add(calmTime)) &&
		len(h.tcp) == 0 && len(h.expected) == 0 &&
		!h.server.ledger.Counting() && !h.server.config.Events.IsOn()
}

// PeerAllowed is the peer policy of an allocation for a datagram of an entry
// whose verdict hangs on the port; it is the worker's
// fastpath.Config.PeerAllowed. An own relay address is judged in the form that
// clients name: a rule against the private network behind a NAT must not cut
// relays off from each other.
func (h *Handler) PeerAllowed(id fastpath.AllocationID, peer netip.AddrPort) bool {
	kept := h.held.at(id)
	policy := h.server.settings.Load().realms.policy(kept.realm, kept.tenant)
	return policy != nil && policy.Check(h.server.external(peer)).Decision == allocation.Allow
}

// enter fixes what holds for the whole batch: the settings and the time.
func (h *Handler) enter(w *fastpath.Worker) {
	h.worker = w
	h.nowNs = int64(time.Since(h.server.started))
	if settings := h.server.settings.Load(); settings != h.settings {
		h.settings = settings
		h.table.SetConfig(settings.Allocation)
	}
}

// handle answers one message. A panic costs that message, not the server.
func (h *Handler) handle(from *fastpath.Message) {
	defer func() {
		if cause := recover(); cause != nil {
			h.counts.panics.Add(1)
			h.server.noisy.Error("dropped a message whose handling panicked; please report this",
				zap.Any("panic", cause), zap.Stack("stack"))
		}
	}()
	if h.turnsAway(from) {
		return
	}
	if reason := h.msg.Walk(from.Data); reason != wire.OK {
		h.counts.malformed[reason].Add(1)
		return
	}
	if h.msg.Class != wire.ClassRequest {
		h.counts.ignored.Add(1)
		return
	}
	r := &h.request
	*r = request{
		msg:   &h.msg,
		from:  from,
		tuple: tupleOf(from),
	}
	r.realm = h.settings.realms.of(r.tuple.Server, from.ServerName)
	if from.Hops == 0 { // else another handler has counted it
		h.counts.requests[methodIndex(r.msg.Method)].Add(1)
	}
	switch err := h.dispatch(r); err {
	case nil:
	case errParked, errIgnored:
		h.counts.ignored.Add(1)
	default:
		h.refuse(r, err)
	}
}
