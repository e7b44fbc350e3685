package metrics_test

import (
	"io"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/metrics"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// scrape returns the body of /metrics for made-up counters.
func scrape(t *testing.T) string {
	t.Helper()
	workers := []fastpath.Stats{{ToPeerPackets: 2, Allocations: 1, GSO: true}, {ToPeerPackets: 3, Allocations: 4}}
	workers[1].Drops[fastpath.DropNoChannel] = 7
	workers[0].StreamsClosed[fastpath.CloseIdle], workers[1].StreamsTLS = 18, 19
	workers[0].HelloVerifies, workers[1].HelloVerifies, workers[1].StreamsDTLS, workers[0].Moves = 16, 17, 34, 35
	stats := server.Stats{
		Requests:     map[string]uint64{"allocate": 5},
		Errors:       map[string]map[string]uint64{"allocate": {"401": 6}},
		Malformed:    map[string]uint64{"cookie": 8},
		AuthFailures: map[string]uint64{"expired": 9},
		PeersDenied:  map[string]uint64{"loopback": 10},
		Ended:        map[string]uint64{"expired": 11},
		TurnedAway:   map[string]uint64{"banned": 36},
		Parked:       authn.ParkStats{Waiting: 33, Replayed: 34, Failed: 35, Late: 36, Duplicates: 37, Refused: 38},
		Quota:        quota.Stats{Users: 12},
		Fleet:        quota.FleetStats{Enabled: true, Up: true},
		Tenants:      []server.TenantStats{{Realm: "example.org", Tenant: "acme", Live: 21, Created: 22}},
		Ports:        []server.PortStats{{Address: netip.MustParseAddr("192.0.2.1"), Free: 13, Size: 20}},
	}
	stats.Quota.Refused[quota.LimitUserRate] = 14
	handler := metrics.Handler(metrics.Sources{
		Server:  func() server.Stats { return stats },
		Workers: func() []fastpath.Stats { return workers },
		Events: func() []events.Stats {
			return []events.Stats{{Sink: "webhook", Delivered: 25, Dropped: 26, Waiting: 27}}
		},
		Credentials: func() credentials.Stats {
			return credentials.Stats{Issued: map[string]uint64{"acme": 23}, Revoked: map[string]uint64{"acme": 28}, Refused: map[string]uint64{"rate": 24}}
		},
		Bans: func() int { return 40 },
		TLS: func() tlsconf.Stats {
			expires := time.Unix(1_900_000_000, 0)
			return tlsconf.Stats{Failures: 15, Certificates: []tlsconf.CertificateStats{{Name: "/etc/turn.crt", Expires: expires}}}
		},
		Streams: func() relay.StreamStats {
			return relay.StreamStats{AcceptedTLS: 15, Refused: 37, Denied: 38, Banned: 39, UntrustedProxies: 18, FailedProxyHeaders: 19, Evicted: 16, Unauthenticated: 17, Passed: 29, PassedNow: 30, PassFailed: 31, PassedToClientBytes: 32}
		},
		DTLS: func() relay.DTLSStats {
			return relay.DTLSStats{Completed: 28, Failed: 29, Refused: 30, Evicted: 31, Unauthenticated: 32}
		},
		Stores: func() []store.Stats {
			return []store.Stats{{Name: "accounts", Type: "sqlite", Lookups: 9, Hits: 4, Stale: 1, Misses: 3, Unavailable: 1, Queries: 3, Errors: 2, Refused: 5, QueryTime: 1500 * time.Millisecond, Entries: 6, Unknown: 7}}
		},
		Version: "v1",
	})
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(recorder.Body)
	if err != nil || recorder.Code != 200 {
		t.Fatalf("scrape: got %d %v %s", recorder.Code, err, body)
	}
	return string(body)
}

func TestScrapeShowsTheCounters(t *testing.T) {
	body := scrape(t)
	for _, line := range []string{
		`fairlead_build_info{version="v1"} 1`,
		`fairlead_allocations 5`,
		`fairlead_users 12`,
		`fairlead_events_delivered_total{sink="webhook"} 25`,
		`fairlead_events_dropped_total{sink="webhook"} 26`,
		`fairlead_events_waiting{sink="webhook"} 27`,
		`fairlead_credentials_issued_total{key="acme"} 23`,
		`fairlead_credential_refusals_total{reason="rate"} 24`,
		`fairlead_credential_revocations_total{key="acme"} 28`,
		`fairlead_tenant_allocations{realm="example.org",tenant="acme"} 21`,
		`fairlead_tenant_allocations_created_total{realm="example.org",tenant="acme"} 22`,
		`fairlead_worker_offload{offload="gso",worker="0"} 1`,
		`fairlead_worker_offload{offload="gso",worker="1"} 0`,
		`fairlead_relay_ports{address="192.0.2.1",state="free"} 13`,
		`fairlead_relay_ports{address="192.0.2.1",state="used"} 7`,
		`fairlead_relayed_packets_total{direction="to_peer"} 5`,
		`fairlead_dropped_packets_total{reason="no_channel"} 7`,
		`fairlead_streams{transport="tls"} 19`,
		`fairlead_streams_unauthenticated 17`,
		`fairlead_streams_accepted_total{transport="tls"} 15`,
		`fairlead_streams_closed_total{reason="idle"} 18`,
		`fairlead_streams_evicted_total 16`,
		`fairlead_streams_refused_total{cause="limit"} 37`,
		`fairlead_streams_refused_total{cause="denied"} 38`,
		`fairlead_streams_refused_total{cause="banned"} 39`,
		`fairlead_bans 40`,
		`fairlead_clients_turned_away_total{cause="banned"} 36`,
		`fairlead_streams_passed 30`,
		`fairlead_streams_passed_total 29`,
		`fairlead_streams_pass_failures_total{cause="backend"} 31`,
		`fairlead_streams_passed_bytes_total{direction="to_client"} 32`,
		`fairlead_streams{transport="dtls"} 34`,
		`fairlead_dtls_hello_verifies_total 33`,
		`fairlead_dtls_handshakes_total{result="completed"} 28`,
		`fairlead_dtls_handshakes_total{result="failed"} 29`,
		`fairlead_dtls_handshakes_total{result="refused"} 30`,
		`fairlead_dtls_evicted_total 31`,
		`fairlead_dtls_unauthenticated 32`,
		`fairlead_dtls_moves_total 35`,
		`fairlead_requests_total{method="allocate"} 5`,
		`fairlead_error_responses_total{code="401",method="allocate"} 6`,
		`fairlead_malformed_messages_total{reason="cookie"} 8`,
		`fairlead_auth_failures_total{cause="expired"} 9`,
		`fairlead_parked_requests 33`,
		`fairlead_parked_requests_total{outcome="replayed"} 34`,
		`fairlead_parked_requests_total{outcome="failed"} 35`,
		`fairlead_parked_requests_total{outcome="late"} 36`,
		`fairlead_parked_requests_total{outcome="duplicate"} 37`,
		`fairlead_parked_requests_total{outcome="refused"} 38`,
		`fairlead_store_up{store="accounts",type="sqlite"} 0`,
		`fairlead_store_lookups_total{outcome="hit",store="accounts"} 4`,
		`fairlead_store_lookups_total{outcome="stale",store="accounts"} 1`,
		`fairlead_store_query_errors_total{store="accounts"} 2`,
		`fairlead_store_query_seconds_total{store="accounts"} 1.5`,
		`fairlead_store_remembered{kind="unknown",store="accounts"} 7`,
		`fairlead_peers_denied_total{rule="loopback"} 10`,
		`fairlead_allocations_ended_total{cause="expired"} 11`,
		`fairlead_quota_refusals_total{limit="user_allocations_per_second"} 14`,
		`fairlead_proxy_failures_total{cause="untrusted"} 18`,
		`fairlead_proxy_failures_total{cause="header"} 19`,
		`fairlead_tls_certificate_expiry_timestamp_seconds{certificate="/etc/turn.crt"} 1.9e+09`,
		`fairlead_tls_certificate_failures_total 15`,
		`fairlead_worker_receive_calls_total{worker="1"} 0`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("scrape has no line %q", line)
		}
	}
}

func TestEveryMetricIsShownAndDocumented(t *testing.T) {
	body := scrape(t)
	page, err := os.ReadFile("../../docs/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range metrics.Descriptors {
		if !strings.Contains(body, "\n"+d.Name) {
			t.Errorf("%s is described and never shown", d.Name)
		}
		if !strings.Contains(string(page), "| `"+d.Name+"` |") {
			t.Errorf("%s is not in docs/METRICS.md: run make gen", d.Name)
		}
	}
}
