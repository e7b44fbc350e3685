package relay

import (
	"sync/atomic"

	"github.com/fairlead/fairlead/internal/access"
)

// streamCounts is what the acceptors count.
type streamCounts struct {
	acceptedTCP, acceptedTLS, failedHandshakes, failedAccepts atomic.Uint64
	untrustedProxies, failedProxyHeaders                      atomic.Uint64
	passed, passRefused, passFailed                           atomic.Uint64
	passedBytes                                               passedBytes
	turnedAway                                                [access.NumVerdicts]atomic.Uint64
}

// StreamStats is a snapshot of what happened to connections before a worker had
// them.
type StreamStats struct {
	AcceptedTCP, AcceptedTLS uint64 // handed to a worker
	FailedHandshakes         uint64 // no first byte, or no TLS, in time
	FailedAccepts            uint64 // the system gave an error instead of a connection
	UntrustedProxies         uint64 // refused by a listener for proxies only
	FailedProxyHeaders       uint64 // a proxy sent no header, in time or at all
	Refused                  uint64 // their source had too many without authentication
	Denied, Banned           uint64 // their source may not be a client
	Evicted                  uint64 // closed because there were too many in all
	Unauthenticated          int    // now
	Passed                   uint64 // passed on to a backend
	PassedNow                int    // of these, those that live
	PassRefused              uint64 // not passed on: there were too many
	PassFailed               uint64 // not passed on: the backend did not take them
	PassedToBackendBytes     uint64 // at most a second behind
	PassedToClientBytes      uint64 // likewise
}

func (a *acceptors) stats() StreamStats {
	return StreamStats{
		AcceptedTCP:        a.counts.acceptedTCP.Load(),
		AcceptedTLS:        a.counts.acceptedTLS.Load(),
		FailedHandshakes:   a.counts.failedHandshakes.Load(),
		FailedAccepts:      a.counts.failedAccepts.Load(),
		UntrustedProxies:   a.counts.untrustedProxies.Load(),
		FailedProxyHeaders: a.counts.failedProxyHeaders.Load(),
		Refused:            a.admissions.refused.Load(),
		Denied:             a.counts.turnedAway[access.Denied].Load(),
		Banned:             a.counts.turnedAway[access.Banned].Load(),
		Evicted:            a.admissions.evicted.Load(),
		Unauthenticated:    a.admissions.waitingNow(),

		Passed:               a.counts.passed.Load(),
		PassedNow:            a.passes.current(),
		PassRefused:          a.counts.passRefused.Load(),
		PassFailed:           a.counts.passFailed.Load(),
		PassedToBackendBytes: a.counts.passedBytes.toBackend.Load(),
		PassedToClientBytes:  a.counts.passedBytes.toClient.Load(),
	}
}
