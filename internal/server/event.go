package server

import (
	"fmt"
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// usageTicks is how many ticks, of about a second each, the usage of every
// allocation is told once in: each tick looks at its share of them.
const usageTicks = 60

// eventReasonStopped is told of what is live when the server stops.
const eventReasonStopped = "stopped"

// workerEventIDs is how many numbers of allocations each worker has. With its
// own number in front they have the 18 digits of coturn's.
const workerEventIDs = 1_000_000_000_000_000

// firstEventID makes the numbers of allocations of a later start differ.
func firstEventID(now time.Time) uint64 { return uint64(now.Unix()) * 100_000 }

// event starts an event about an allocation.
func (h *Handler) event(kind events.Type, a *allocation.Allocation, kept *held) events.Event {
	now := time.Now()
	return events.Event{
		Type:            kind,
		Time:            now.UTC(),
		ID:              fmt.Sprintf("%018d", kept.eventID),
		Realm:           kept.realm,
		Tenant:          kept.tenant,
		User:            a.User,
		Transport:       a.Transport.String(),
		Client:          a.Client,
		Server:          a.Server,
		Relayed:         h.server.external(a.Relayed),
		DurationSeconds: now.Sub(a.CreatedAt()).Seconds(),
	}
}

// tellGranted publishes that a lifetime was granted, at first or anew.
func (h *Handler) tellGranted(kind events.Type, a *allocation.Allocation, lifetime time.Duration) {
	if !h.server.config.Events.IsOn() {
		return
	}
	kept := h.held.at(a.Handle)
	if kind == events.Created {
		h.lastEventID++
		kept.eventID = uint64(h.id)*workerEventIDs + h.lastEventID
	}
	e := h.event(kind, a, kept)
	e.LifetimeSeconds = int64(lifetime / time.Second)
	h.tell(e, h.worker.Traffic(fastpath.AllocationID(a.Handle)))
}

// tellEnded publishes the end of an allocation.
func (h *Handler) tellEnded(a *allocation.Allocation, kept *held, traffic fastpath.Traffic, reason string) {
	if !h.server.config.Events.IsOn() {
		return
	}
	e := h.event(events.Ended, a, kept)
	e.Reason = reason
	h.tell(e, traffic)
}

// tellUsage publishes the usage of this tick's share of the allocations.
func (h *Handler) tellUsage() {
	if !h.server.config.Events.IsOn() {
		return
	}
	h.usageShare = (h.usageShare + 1) % usageTicks
	for handle := h.usageShare; handle < h.held.size(); handle += usageTicks {
		kept := h.held.at(handle)
		if a := kept.allocation; a != nil {
			h.tell(h.event(events.Usage, a, kept), h.worker.Traffic(fastpath.AllocationID(a.Handle)))
		}
	}
}

// tellStopped publishes the end of everything that is live. The worker has ended.
func (h *Handler) tellStopped() {
	for handle := range h.held.size() {
		kept := h.held.at(handle)
		if a := kept.allocation; a != nil {
			h.tellEnded(a, kept, h.worker.Traffic(fastpath.AllocationID(a.Handle)), eventReasonStopped)
			kept.allocation = nil
		}
	}
}

func (h *Handler) tell(e events.Event, traffic fastpath.Traffic) {
	e.ToPeerPackets, e.ToPeerBytes = traffic.ToPeerPackets, traffic.ToPeerBytes
	e.ToClientPackets, e.ToClientBytes = traffic.ToClientPackets, traffic.ToClientBytes
	e.DroppedPackets = traffic.Dropped
	h.server.config.Events.Publish(e)
}
