package bench

import (
	"fmt"
	"time"
)

// fairleadConfig leaves nothing between the packets and the forwarding code:
// no limits, no monitoring, one worker for the one CPU.
const fairleadConfig = `listeners:
  - address: "{listen}:{port}"
    transport: %s
workers: 1
relay:
  addresses:
    - address: "{relay}"
  min_port: {min_port}
  max_port: {max_port}
auth:
  realm: "{realm}"
  users:
    - name: "{user}"
      password: "{password}"
  unauthenticated_answers_per_second: 0
peers:
  allow: ["10.0.0.0/8"]
quota:
  user_allocations: 0
  user_allocations_per_second: 0
  client_allocations: 0
  client_allocations_per_second: 0
  server_allocations: 0
  allocation_to_peer_bits_per_second: 0
  allocation_to_client_bits_per_second: 0
  allocation_to_peer_packets_per_second: 0
  allocation_to_client_packets_per_second: 0
  allocation_new_peers_per_second: 0
monitoring:
  address: "off"
log:
  level: info
`

// fairleadTLS is what clients of TLS and DTLS need in addition; they use the listeners
// of TCP and UDP.
const fairleadTLS = `tls:
  certificates:
    - certificate_file: "{certificate}"
      key_file: "{key}"
`

// Fairlead is the running binary as a server for clients on a transport.
func Fairlead(version string, t Transport) Spec {
	listener, more := UDP, ""
	if t == TCP || t == TLS {
		listener = TCP
	}
	if t.needsCertificate() {
		more = fairleadTLS
	}
	return Spec{
		Name:    "fairlead",
		Command: "{executable} serve --config {directory}/fairlead.yaml",
		Files:   map[string]string{"fairlead.yaml": fmt.Sprintf(fairleadConfig, listener) + more},
		Version: version,
	}
}

// FairleadTraced is the running binary that tells of each cycle of its collector,
// which runs as it ships.
func FairleadTraced(version string) Spec { return fairleadIn(version, "GODEBUG=gctrace=1") }

// FairleadCollectingOften is the running binary with a collector that starts after
// every twentieth of growth: with 16,000 allocations some ten times as often as it ships.
func FairleadCollectingOften(version string) Spec {
	s := fairleadIn(version, "GOGC=5 GODEBUG=gctrace=1")
	s.Name = "fairlead, GOGC=5"
	return s
}

// FairleadCollecting is the running binary with a collector that works all the time:
// it starts after every percent of growth, and reloads, one in the midst of a slice of
// the usual length, leave garbage.
func FairleadCollecting(version string) Spec {
	s := fairleadIn(version, "GOGC=1 GODEBUG=gctrace=1")
	s.Name = "fairlead, collecting"
	s.ReloadEvery = 130 * time.Millisecond
	return s
}

// fairleadIn is Fairlead in an environment of the Go runtime.
func fairleadIn(version, environment string) Spec {
	s := Fairlead(version, UDP)
	s.Command = "env " + environment + " " + s.Command
	return s
}
