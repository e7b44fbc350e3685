package config

import "time"

// Words that more than one place compares with.
const (
	transportUDP  = "udp"
	transportTCP  = "tcp"
	transportTLS  = "tls"
	transportDTLS = "dtls"

	familyIPv4   = "ipv4"
	familyIPv6   = "ipv6"
	familyClient = "client"

	expiryAllocate = "allocate"
	expiryStrict   = "strict"

	addressOff = "off"

	challengeTLS  = "tls-alpn-01"
	challengeHTTP = "http-01"

	versionTLS12 = "1.2"
	versionTLS13 = "1.3"

	switchAuto = "auto"
	switchOn   = "on"
	switchOff  = "off"
)

// Defaults returns the configuration that holds where nothing is said. It has
// no credentials, so it does not pass Validate: a server must be told who may
// relay.
func Defaults() *Config {
	return &Config{
		Listeners: []Listener{
			{Address: "0.0.0.0:3478", Transport: transportUDP},
			{Address: "[::]:3478", Transport: transportUDP},
			{Address: "0.0.0.0:3478", Transport: transportTCP},
			{Address: "[::]:3478", Transport: transportTCP},
		},
		TLS: TLS{
			MinVersion: versionTLS12,
			ACME: ACME{
				Directory:        "https://acme-v02.api.letsencrypt.org/directory",
				Storage:          "/var/lib/fairlead/acme",
				Challenge:        challengeTLS,
				ChallengeAddress: "0.0.0.0:443",
			},
		},
		Sockets: Sockets{
			ReceiveBufferBytes: 2 << 20,
			SendBufferBytes:    2 << 20,
			// Bursts of one video frame must fit, and what waits for the neighbour
			// resolution of a silent peer (unres_qlen_bytes, as large as the system's
			// default send buffer) must not fill the queue for all others.
			RelayReceiveBufferBytes: 1 << 20,
			RelaySendBufferBytes:    1 << 20,
			GSO:                     switchAuto,
			GRO:                     switchAuto,
		},
		Streams: Streams{
			HandshakeTimeout:            seconds(10),
			AuthenticationTimeout:       seconds(30),
			UnauthenticatedBytes:        32 << 10,
			MaxUnauthenticated:          4096,
			MaxUnauthenticatedPerClient: 100,
			IdleTimeout:                 seconds(60),
			BacklogBytes:                256 << 10,
			Keepalive:                   seconds(30),
			UserTimeout:                 seconds(60),
			MaxPassed:                   1024,
			MaxPassedPerClient:          100,
			PassedIdleTimeout:           seconds(300),
		},
		Relay: Relay{
			MinPort:              49152, // RFC 8656 section 7.2: the dynamic ports.
			MaxPort:              65535,
			DefaultAddressFamily: familyIPv4,
		},
		TCPRelay: TCPRelay{
			ConnectTimeout:      seconds(30), // RFC 6062 section 5.2.
			BindTimeout:         seconds(30), // RFC 6062 sections 5.2 and 5.3.
			MaxUnbound:          4096,
			MaxUnboundPerClient: 100,
		},
		Allocation: Allocation{
			DefaultLifetime:               seconds(600),  // RFC 8656 section 3.2.
			MaxLifetime:                   seconds(3600), // RFC 8656 section 7.2 recommends one hour.
			PermissionLifetime:            seconds(300),  // RFC 8656 section 9.
			ChannelLifetime:               seconds(600),  // RFC 8656 section 12.
			ChannelBindPermissionLifetime: seconds(300),
			MaxPermissions:                1024,
			MaxChannels:                   1024,
		},
		Auth: Auth{
			Realm:                           "fairlead",
			Expiry:                          expiryAllocate,
			SecurityFeatures:                true,
			NonceLifetime:                   seconds(600),
			UnauthenticatedAnswersPerSecond: 100,
		},
		Quota: Quota{
			UserAllocations:                    64,
			UserAllocationsPerSecond:           20,
			ClientAllocations:                  1000,
			ClientAllocationsPerSecond:         100,
			AllocationToPeerBitsPerSecond:      100_000_000,
			AllocationToClientBitsPerSecond:    100_000_000,
			AllocationToPeerPacketsPerSecond:   20_000,
			AllocationToClientPacketsPerSecond: 20_000,
			AllocationNewPeersPerSecond:        20,
			AllocationTCPConnections:           64,
			UsagePeriod:                        Duration(24 * time.Hour),
			RedisLease:                         seconds(30),
			BandwidthBurst:                     Duration(250 * time.Millisecond),
		},
		STUN:       STUN{Binding: true},
		Discovery:  Discovery{Port: 3478, AlternatePort: 3479}, // coturn's ports
		Monitoring: Monitoring{Address: "127.0.0.1:9641"},
		Admin:      Admin{Address: addressOff},

		CredentialEndpoint: CredentialEndpoint{Address: addressOff},
		Events:             Events{Redis: EventRedis{Channel: "fairlead/events"}},

		Log: Log{Level: "info", Format: "console"},
	}
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }
