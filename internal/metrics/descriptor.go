package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Descriptor is one metric: what it is called, what it means, and how it is
// read from a snapshot.
type Descriptor struct {
	Name   string
	Help   string
	Type   prometheus.ValueType
	Labels []string

	read func(s *snapshot, emit emit)
}

// emit reports one value with the values of the labels, in their order.
type emit func(value float64, labels ...string)

// snapshot is all that one scrape looks at.
type snapshot struct {
	server  server.Stats
	workers []fastpath.Stats
	total   fastpath.Stats
	tls     tlsconf.Stats
	streams relay.StreamStats
	dtls    relay.DTLSStats
	stores  []store.Stats
	version string

	events      []events.Stats
	credentials credentials.Stats // zero without a credential endpoint
	bans        int
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// Descriptors lists every metric, in the order of the documentation.
var Descriptors = []Descriptor{
	{"fairlead_build_info", "Always 1; the label says which version runs.", gauge, []string{"version"},
		func(s *snapshot, emit emit) { emit(1, s.version) }},

	{"fairlead_allocations", "Live allocations.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Allocations)) }},
	{"fairlead_permissions", "Live permissions.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Permissions)) }},
	{"fairlead_channels", "Live channel bindings.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Channels)) }},
	{"fairlead_users", "Users with live allocations.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Quota.Users)) }},
	{"fairlead_tenants", "Tenants with live allocations.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Quota.Tenants)) }},
	{"fairlead_realms", "Realms with live allocations.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Quota.Realms)) }},
	{"fairlead_clients", "Client addresses (IPv6: /64 networks) with live allocations.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Quota.Clients)) }},
	{"fairlead_allocations_created_total", "Allocations created.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Created)) }},
	{"fairlead_allocations_resumed_total", "Allocations that their client resumed from another address (RFC 8016).", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Resumed)) }},
	{"fairlead_allocations_moved_total", "Allocations that moved to where they were resumed from.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Moved)) }},
	{"fairlead_allocations_ended_total", "Allocations ended, by cause.", counter, []string{"cause"},
		func(s *snapshot, emit emit) { each(s.server.Ended, emit) }},
	{"fairlead_tenant_allocations", "Live allocations, by realm and tenant of the credential; beyond 64 of them, other.", gauge, []string{"realm", "tenant"},
		func(s *snapshot, emit emit) {
			for _, t := range s.server.Tenants {
				emit(float64(t.Live), t.Realm, t.Tenant)
			}
		}},
	{"fairlead_tenant_allocations_created_total", "Allocations created, by realm and tenant of the credential; beyond 64 of them, other.", counter, []string{"realm", "tenant"},
		func(s *snapshot, emit emit) {
			for _, t := range s.server.Tenants {
				emit(float64(t.Created), t.Realm, t.Tenant)
			}
		}},
	{"fairlead_relay_ports", "Ports for relayed transport addresses, by local address and state.", gauge, []string{"address", "state"},
		func(s *snapshot, emit emit) {
			for _, p := range s.server.Ports {
				emit(float64(p.Size-p.Free), p.Address.String(), "used")
				emit(float64(p.Free), p.Address.String(), "free")
			}
		}},

	{"fairlead_relayed_packets_total", "Datagrams relayed, by direction.", counter, []string{"direction"},
		func(s *snapshot, emit emit) {
			emit(float64(s.total.ToPeerPackets), "to_peer")
			emit(float64(s.total.ToClientPackets), "to_client")
		}},
	{"fairlead_relayed_bytes_total", "Payload bytes relayed, by direction.", counter, []string{"direction"},
		func(s *snapshot, emit emit) {
			emit(float64(s.total.ToPeerBytes), "to_peer")
			emit(float64(s.total.ToClientBytes), "to_client")
		}},
	{"fairlead_dropped_packets_total", "Datagrams dropped, by reason.", counter, []string{"reason"},
		func(s *snapshot, emit emit) {
			for i, n := range s.total.Drops {
				if reason := fastpath.DropReason(i); reason != 0 { // 0: not dropped
					emit(float64(n), reason.String())
				}
			}
		}},
	{"fairlead_segmented_messages_total", "Messages of several datagrams that the kernel cut up (GSO).", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Segmented)) }},
	{"fairlead_segmented_packets_total", "Datagrams sent inside such messages.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Segments)) }},
	{"fairlead_segmentation_refused_total", "Messages that the kernel would not cut up; their datagrams were sent one by one.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Refused)) }},
	{"fairlead_received_trains_total", "Trains of datagrams that the kernel delivered as one (GRO).", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Trains)) }},
	{"fairlead_received_train_packets_total", "Datagrams received inside such trains.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.TrainPackets)) }},
	{"fairlead_icmp_errors_total", "ICMP errors that peers caused.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Notices)) }},
	{"fairlead_icmp_indications_total", "ICMP errors that clients were told; needs relay.icmp_indications.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.NoticesTold)) }},

	{"fairlead_streams", "Open connections of clients, by transport.", gauge, []string{"transport"},
		func(s *snapshot, emit emit) {
			emit(float64(s.total.StreamsTCP), "tcp")
			emit(float64(s.total.StreamsTLS), "tls")
			emit(float64(s.total.StreamsDTLS), "dtls")
		}},
	{"fairlead_streams_unauthenticated", "Connections of clients without an authenticated request, those in a handshake included.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.Unauthenticated)) }},
	{"fairlead_streams_accepted_total", "Connections of clients that a worker was given, by transport.", counter, []string{"transport"},
		func(s *snapshot, emit emit) {
			emit(float64(s.streams.AcceptedTCP), "tcp")
			emit(float64(s.streams.AcceptedTLS), "tls")
		}},
	{"fairlead_streams_closed_total", "Connections of clients that a worker closed, by reason.", counter, []string{"reason"},
		func(s *snapshot, emit emit) {
			for i, n := range s.total.StreamsClosed {
				if reason := fastpath.CloseReason(i); reason != 0 { // 0: not closed
					emit(float64(n), reason.String())
				}
			}
		}},
	{"fairlead_stream_handshake_failures_total", "Connections that sent no first byte, or finished no TLS handshake, in time or at all.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.FailedHandshakes)) }},
	{"fairlead_stream_accept_errors_total", "Errors that the system gave instead of a connection.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.FailedAccepts)) }},
	{"fairlead_proxy_failures_total", "Connections closed by listeners with proxy_protocol, by cause: untrusted source, or no usable header.", counter, []string{"cause"},
		func(s *snapshot, emit emit) {
			emit(float64(s.streams.UntrustedProxies), "untrusted")
			emit(float64(s.streams.FailedProxyHeaders), "header")
		}},
	{"fairlead_streams_passed", "Connections that are being passed on to a backend.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.PassedNow)) }},
	{"fairlead_streams_passed_total", "Connections that were passed on to a backend.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.Passed)) }},
	{"fairlead_streams_passed_bytes_total", "Bytes that were passed on between clients and backends, at most a second behind, by direction.", counter, []string{"direction"},
		func(s *snapshot, emit emit) {
			emit(float64(s.streams.PassedToBackendBytes), "to_backend")
			emit(float64(s.streams.PassedToClientBytes), "to_client")
		}},
	{"fairlead_streams_pass_failures_total", "Connections that were not passed on to a backend and closed, by cause: limit (there were too many) or backend (it did not take them).", counter, []string{"cause"},
		func(s *snapshot, emit emit) {
			emit(float64(s.streams.PassRefused), "limit")
			emit(float64(s.streams.PassFailed), "backend")
		}},
	{"fairlead_streams_refused_total", "Connections closed at once, by cause: limit (their source had too many without an authenticated request), or their client is denied or banned.", counter, []string{"cause"},
		func(s *snapshot, emit emit) {
			emit(float64(s.streams.Refused), "limit")
			emit(float64(s.streams.Denied), "denied")
			emit(float64(s.streams.Banned), "banned")
		}},
	{"fairlead_streams_evicted_total", "Connections without an authenticated request closed at random because there were too many in all.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.streams.Evicted)) }},

	{"fairlead_dtls_hello_verifies_total", "Strangers that were asked to show by a cookie that their address is their own.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.HelloVerifies)) }},
	{"fairlead_dtls_unauthenticated", "Clients of DTLS that have shown that without an authenticated request, those in a handshake included.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.dtls.Unauthenticated)) }},
	{"fairlead_dtls_handshakes_total", "Handshakes of DTLS after the cookie, by result; refused: the source had too many clients without an authenticated request.", counter, []string{"result"},
		func(s *snapshot, emit emit) {
			emit(float64(s.dtls.Completed), "completed")
			emit(float64(s.dtls.Failed), "failed")
			emit(float64(s.dtls.Refused), "refused")
		}},
	{"fairlead_dtls_evicted_total", "Clients of DTLS without an authenticated request closed at random because there were too many in all.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.dtls.Evicted)) }},
	{"fairlead_dtls_moves_total", "Clients of DTLS that went on from another address, by their connection ID.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.total.Moves)) }},

	{"fairlead_tcp_relay_connections", "Connections between peers and TCP allocations (tcp_relay), by state: unbound, without a client yet, or bound.", gauge, []string{"state"},
		func(s *snapshot, emit emit) {
			emit(float64(s.server.TCPRelay.Unbound), "unbound")
			emit(float64(s.server.TCPRelay.Bound), "bound")
		}},
	{"fairlead_tcp_relay_connects_total", "Connections that clients asked for by Connect, by outcome.", counter, []string{"outcome"},
		func(s *snapshot, emit emit) {
			emit(float64(s.server.TCPRelay.Connected), "connected")
			emit(float64(s.server.TCPRelay.Failed), "failed")
			emit(float64(s.server.TCPRelay.TimedOut), "timeout")
		}},
	{"fairlead_tcp_relay_arrivals_total", "Connections that peers made to TCP allocations, by outcome; rejected: no permission, denied, or over a limit.", counter, []string{"outcome"},
		func(s *snapshot, emit emit) {
			emit(float64(s.server.TCPRelay.Accepted), "accepted")
			emit(float64(s.server.TCPRelay.Rejected), "rejected")
		}},
	{"fairlead_tcp_relay_expired_total", "Connections to and from peers closed because their client did not come for them in time.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.TCPRelay.Expired)) }},

	{"fairlead_requests_total", "STUN requests, by method.", counter, []string{"method"},
		func(s *snapshot, emit emit) { each(s.server.Requests, emit) }},
	{"fairlead_error_responses_total", "Error responses, by method and code; a 401 to a first request is normal.", counter, []string{"method", "code"},
		func(s *snapshot, emit emit) {
			for method, codes := range s.server.Errors {
				for code, n := range codes {
					emit(float64(n), method, code)
				}
			}
		}},
	{"fairlead_malformed_messages_total", "STUN messages dropped as malformed, by reason.", counter, []string{"reason"},
		func(s *snapshot, emit emit) { each(s.server.Malformed, emit) }},
	{"fairlead_ignored_messages_total", "STUN messages that get no answer: indications, responses, methods that are unknown or switched off (stun.only, stun.binding), parked requests.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Ignored)) }},
	{"fairlead_bans", "Bans of client prefixes (fairlead ctl ban) that are in force.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.bans)) }},
	{"fairlead_clients_turned_away_total", "STUN messages of clients that are denied or banned, which get no answer, by cause; fairlead_dropped_packets_total and fairlead_streams_refused_total have what they sent besides.", counter, []string{"cause"},
		func(s *snapshot, emit emit) { each(s.server.TurnedAway, emit) }},
	{"fairlead_parked_requests", "Requests that wait for a store, or for the counts of other servers.", gauge, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Parked.Waiting)) }},
	{"fairlead_parked_requests_total", "Requests that have waited, or were not let to, by outcome: replayed, failed (no answer of use), late (not in 10 seconds), duplicate (the same request waits), refused (too many wait, or it is too long).", counter, []string{"outcome"},
		func(s *snapshot, emit emit) {
			p := &s.server.Parked
			emit(float64(p.Replayed), "replayed")
			emit(float64(p.Failed), "failed")
			emit(float64(p.Late), "late")
			emit(float64(p.Duplicates), "duplicate")
			emit(float64(p.Refused), "refused")
		}},
	{"fairlead_withheld_responses_total", "Responses to strangers withheld because their source is over its limit.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Limited)) }},
	{"fairlead_panics_total", "Messages dropped because their handling panicked; each is a bug.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.server.Panics)) }},

	{"fairlead_auth_failures_total", "Requests not authenticated, by cause.", counter, []string{"cause"},
		func(s *snapshot, emit emit) { each(s.server.AuthFailures, emit) }},
	{"fairlead_store_up", "Whether a store of users answers: 1 or 0.", gauge, []string{"store", "type"},
		func(s *snapshot, emit emit) {
			for _, st := range s.stores {
				emit(oneIf(st.Up), st.Name, st.Type)
			}
		}},
	{"fairlead_store_lookups_total", "Look-ups of users in a store, by outcome: hit (remembered), miss (must be asked), stale (remembered from before the store went down), unavailable (unanswered, the store being down). A request that waited looks up twice.", counter, []string{"store", "outcome"},
		func(s *snapshot, emit emit) {
			for _, st := range s.stores {
				emit(float64(st.Hits), st.Name, "hit")
				emit(float64(st.Misses), st.Name, "miss")
				emit(float64(st.Stale), st.Name, "stale")
				emit(float64(st.Unavailable), st.Name, "unavailable")
			}
		}},
	{"fairlead_store_queries_total", "Queries sent to a store.", counter, []string{"store"},
		perStore(func(st store.Stats) float64 { return float64(st.Queries) })},
	{"fairlead_store_query_errors_total", "Queries that a store failed to answer.", counter, []string{"store"},
		perStore(func(st store.Stats) float64 { return float64(st.Errors) })},
	{"fairlead_store_query_seconds_total", "Time that the queries took; divided by their number it is the mean latency.", counter, []string{"store"},
		perStore(func(st store.Stats) float64 { return st.QueryTime.Seconds() })},
	{"fairlead_store_refused_queries_total", "Queries not sent because too many were under way.", counter, []string{"store"},
		perStore(func(st store.Stats) float64 { return float64(st.Refused) })},
	{"fairlead_store_remembered", "Names that are remembered of a store, by kind: user or unknown.", gauge, []string{"store", "kind"},
		func(s *snapshot, emit emit) {
			for _, st := range s.stores {
				emit(float64(st.Entries), st.Name, "user")
				emit(float64(st.Unknown), st.Name, "unknown")
			}
		}},

	{"fairlead_peers_denied_total", "Peers refused with 403, by rule.", counter, []string{"rule"},
		func(s *snapshot, emit emit) { each(s.server.PeersDenied, emit) }},
	{"fairlead_quota_refusals_total", "Requests refused and allocations ended by a quota, by limit.", counter, []string{"limit"},
		func(s *snapshot, emit emit) {
			for i, n := range s.server.Quota.Refused {
				emit(float64(n), quota.Limit(i).String())
			}
		}},

	{"fairlead_tls_certificate_expiry_timestamp_seconds", "When a certificate in use expires, in Unix time, by its file or ACME domain.", gauge, []string{"certificate"},
		func(s *snapshot, emit emit) {
			for _, c := range s.tls.Certificates {
				emit(float64(c.Expires.Unix()), c.Name)
			}
		}},
	{"fairlead_tls_certificate_failures_total", "New contents of certificate files that could not be used, and attempts at ACME that failed; the previous certificate stayed.", counter, nil,
		func(s *snapshot, emit emit) { emit(float64(s.tls.Failures)) }},
	{"fairlead_quota_fleet_up", "Whether Redis answers, so that quotas count across servers: 1 or 0; absent when they are not meant to.", gauge, nil,
		func(s *snapshot, emit emit) {
			if s.server.Fleet.Enabled {
				emit(oneIf(s.server.Fleet.Up))
			}
		}},
	{"fairlead_quota_fleet_reservations_total", "Places for allocations asked for across servers, by result; local: granted because Redis did not answer.", counter, []string{"result"},
		func(s *snapshot, emit emit) {
			emit(float64(s.server.Fleet.Granted-s.server.Fleet.Fallback), "granted")
			emit(float64(s.server.Fleet.Refused), "refused")
			emit(float64(s.server.Fleet.Fallback), "local")
		}},

	{"fairlead_credentials_issued_total", "Credentials that the credential endpoint handed out, by name of the API key; beyond 64 names, other.", counter, []string{"key"},
		func(s *snapshot, emit emit) { each(s.credentials.Issued, emit) }},
	{"fairlead_credential_revocations_total", "Revocations by the credential endpoint, by name of the API key; beyond 64 names, other.", counter, []string{"key"},
		func(s *snapshot, emit emit) { each(s.credentials.Revoked, emit) }},
	{"fairlead_credential_refusals_total", "Requests that the credential endpoint refused, by reason.", counter, []string{"reason"},
		func(s *snapshot, emit emit) { each(s.credentials.Refused, emit) }},

	{"fairlead_events_delivered_total", "Events about allocations that a receiver took.", counter, []string{"sink"},
		func(s *snapshot, emit emit) {
			for _, each := range s.events {
				emit(float64(each.Delivered), each.Sink)
			}
		}},
	{"fairlead_events_dropped_total", "Events that a receiver did not take, or that did not fit into its queue.", counter, []string{"sink"},
		func(s *snapshot, emit emit) {
			for _, each := range s.events {
				emit(float64(each.Dropped), each.Sink)
			}
		}},
	{"fairlead_events_waiting", "Events in the queue of a receiver.", gauge, []string{"sink"},
		func(s *snapshot, emit emit) {
			for _, each := range s.events {
				emit(float64(each.Waiting), each.Sink)
			}
		}},

	{"fairlead_worker_offload", "Whether a worker uses an offload of the kernel: 1 or 0, as settings and kernel allow.", gauge, []string{"worker", "offload"},
		func(s *snapshot, emit emit) {
			for i, w := range s.workers {
				emit(oneIf(w.GSO), strconv.Itoa(i), "gso")
				emit(oneIf(w.GRO), strconv.Itoa(i), "gro")
			}
		}},
	{"fairlead_worker_busy_seconds_total", "Time that a worker was not waiting for packets.", counter, []string{"worker"},
		perWorker(func(w fastpath.Stats) float64 { return w.Busy.Seconds() })},
	{"fairlead_worker_wakeups_total", "Rounds in which a worker found something to do.", counter, []string{"worker"},
		perWorker(func(w fastpath.Stats) float64 { return float64(w.Wakeups) })},
	{"fairlead_worker_receive_calls_total", "System calls to receive datagrams.", counter, []string{"worker"},
		perWorker(func(w fastpath.Stats) float64 { return float64(w.RecvCalls) })},
	{"fairlead_worker_send_calls_total", "System calls to send datagrams.", counter, []string{"worker"},
		perWorker(func(w fastpath.Stats) float64 { return float64(w.SendCalls) })},
}

// perStore emits one value for each store, labelled with its name.
func perStore(value func(store.Stats) float64) func(*snapshot, emit) {
	return func(s *snapshot, emit emit) {
		for _, st := range s.stores {
			emit(value(st), st.Name)
		}
	}
}

// oneIf is the value of a gauge that says yes or no.
func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// each emits a map of counts by its only label.
func each(counts map[string]uint64, emit emit) {
	for label, n := range counts {
		emit(float64(n), label)
	}
}
