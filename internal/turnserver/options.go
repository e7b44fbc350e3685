package turnserver

import (
	"github.com/fairlead/fairlead/internal/config"
)

// Reasons that several options share.
const (
	noAdmin = "has no counterpart: the admin API (admin.address) and fairlead ctl are its place"
	noLog   = "has no counterpart: the log goes to standard error, see log"
	noTLS   = "has no counterpart: TLS is 1.2 or later with the ciphers of Go"
	noDB    = "has no counterpart: stores are asked when a user comes, and again at SIGHUP"
)

// readers knows every option of coturn 4.17; nil is one that is on here in any case,
// or means nothing to a server of another make.
var readers = map[string]reader{
	// Listeners.
	"listening-port":           number(func(c *conversion, n int64) { c.ports.plain = uint16(n) }),
	"tls-listening-port":       number(func(c *conversion, n int64) { c.ports.secure = uint16(n) }),
	"alt-listening-port":       number(func(c *conversion, n int64) { c.ports.alternate = uint16(n) }),
	"alt-tls-listening-port":   nil,
	"listening-ip":             func(c *conversion, value string) { c.ports.listen(c, value) },
	"listening-device":         without("has no counterpart: give the addresses of the device in listeners"),
	"aux-server":               func(c *conversion, value string) { c.ports.auxiliary = append(c.ports.auxiliary, value) },
	"no-udp":                   whenOn(func(c *conversion) { c.ports.noUDP = true }),
	"no-tcp":                   whenOn(func(c *conversion) { c.ports.noTCP = true }),
	"no-tls":                   whenOn(func(c *conversion) { c.ports.noTLS = true }),
	"no-dtls":                  nil,
	"dtls":                     whenOn(func(c *conversion) { c.ports.dtls = true }),
	"tcp-proxy-port":           without("is not taken over: give the listener proxy_protocol and trusted_proxies"),
	"cert":                     func(c *conversion, value string) { c.ports.certificate = value },
	"pkey":                     func(c *conversion, value string) { c.ports.key = value },
	"pkey-pwd":                 without("has no counterpart: keep the private key unencrypted, readable for the server only"),
	"rfc5780":                  whenOn(func(c *conversion) { c.ports.discovery = true }),
	"no-rfc5780":               nil,
	"sock-buf-size":            number((*conversion).socketBuffers),
	"CA-file":                  without("has no counterpart: clients show no certificates"),
	"cipher-list":              without(noTLS),
	"ec-curve-name":            without(noTLS),
	"dh566":                    without(noTLS),
	"dh1066":                   without(noTLS),
	"dh2066":                   without(noTLS),
	"dh-file":                  without(noTLS),
	"tlsv1":                    without(noTLS),
	"tlsv1_1":                  without(noTLS),
	"no-tlsv1":                 nil,
	"no-tlsv1_1":               nil,
	"no-tlsv1_2":               whenOn(func(c *conversion) { c.cfg.TLS.MinVersion = "1.3" }),
	"raw-public-keys":          without(noTLS),
	"acme-redirect":            without("has no counterpart: tls.acme gets certificates"),
	"respond-http-unsupported": nil,

	// Relayed transport addresses.
	"relay-ip":       func(c *conversion, value string) { c.addresses.relay(c, value) },
	"relay-device":   without("has no counterpart: give the addresses of the device in relay.addresses"),
	"external-ip":    func(c *conversion, value string) { c.addresses.external(c, value) },
	"min-port":       number(func(c *conversion, n int64) { c.cfg.Relay.MinPort = int(n) }),
	"max-port":       number(func(c *conversion, n int64) { c.cfg.Relay.MaxPort = int(n) }),
	"no-udp-relay":   without("has no counterpart: relaying by UDP is what this server does"),
	"no-tcp-relay":   whenOn(func(c *conversion) { c.noTCPRelay = true }),
	"server-relay":   without("has no counterpart: data flows by permissions only"),
	"multiplex-peer": without("has no counterpart: each allocation has a port of its own"),

	"multiplex-peer-port": nil, "multiplex-peer-max-peers": nil,

	"allocation-default-address-family": func(c *conversion, value string) { c.defaultFamily(value) },
	"keep-address-family":               whenOn(func(c *conversion) { c.defaultFamily("keep") }),

	// Who may relay.
	"realm":                  func(c *conversion, value string) { c.cfg.Auth.Realm = value },
	"user":                   func(c *conversion, value string) { c.access.user(c, value) },
	"lt-cred-mech":           nil,
	"use-auth-secret":        whenOn(func(c *conversion) { c.access.hasSecrets = true }),
	"static-auth-secret":     func(c *conversion, value string) { c.access.secret(value) },
	"rest-api-separator":     func(c *conversion, value string) { c.separator(value) },
	"no-auth":                whenOn(func(c *conversion) { c.access.anonymous = true }),
	"stale-nonce":            duration(func(c *conversion, d config.Duration) { c.cfg.Auth.NonceLifetime = d }),
	"stateless-nonce":        nil,
	"stateless-nonce-secret": func(c *conversion, value string) { c.nonceKey(value) },
	"userdb":                 func(c *conversion, value string) { c.access.sqlite(value) },
	"db":                     func(c *conversion, value string) { c.access.sqlite(value) },
	"psql-userdb":            func(c *conversion, value string) { c.access.postgreSQL(value) },
	"mysql-userdb":           func(c *conversion, value string) { c.access.mySQL(c, value) },
	"redis-userdb":           func(c *conversion, value string) { c.access.redis(c, value) },
	"mongo-userdb":           without("has no counterpart: move the users to another database (fairlead users import)"),
	"secret-key-file":        without("has no counterpart: give the password of MySQL in dsn_file of the store"),
	"redis-statsdb":          func(c *conversion, value string) { c.statistics(value) },
	"no-auth-pings":          nil, "no-dynamic-ip-list": nil, "no-dynamic-realms": nil,
	"oauth":                    without("has its keys in the file here: write those of the table oauth_key, and server-name, into auth.oauth"),
	"server-name":              nil,
	"check-origin-consistency": without("has no counterpart: the realm hangs on listeners and server names, see realms"),
	"unauthorized-ratelimit":   nil,
	"unauthorized-ratelimit-rps": number(func(c *conversion, n int64) {
		c.cfg.Auth.UnauthenticatedAnswersPerSecond = int(min(n, 1_000_000))
	}),

	// Limits.
	"user-quota":            number(func(c *conversion, n int64) { c.cfg.Quota.UserAllocations = int(n) }),
	"total-quota":           number(func(c *conversion, n int64) { c.cfg.Quota.ServerAllocations = int(n) }),
	"max-bps":               number((*conversion).bandwidth),
	"bps-capacity":          number((*conversion).capacity),
	"max-allocate-lifetime": duration(func(c *conversion, d config.Duration) { c.cfg.Allocation.MaxLifetime = d }),
	"channel-lifetime":      duration(func(c *conversion, d config.Duration) { c.cfg.Allocation.ChannelLifetime = d }),
	"permission-lifetime":   duration(func(c *conversion, d config.Duration) { c.cfg.Allocation.PermissionLifetime = d }),
	"max-allocate-timeout":  duration(func(c *conversion, d config.Duration) { c.cfg.Streams.AuthenticationTimeout = d }),

	// Peers.
	"allowed-peer-ip":      func(c *conversion, value string) { c.peers.add(c, &c.peers.allowed, value) },
	"denied-peer-ip":       func(c *conversion, value string) { c.peers.add(c, &c.peers.denied, value) },
	"allow-loopback-peers": whenOn(func(c *conversion) { c.peers.loopback = true }),
	"no-loopback-peers":    nil,
	"no-multicast-peers":   nil,

	// Other servers.
	"alternate-server":      func(c *conversion, value string) { c.alternate(value, "udp", "tcp") },
	"udp-alternate-server":  func(c *conversion, value string) { c.alternate(value, "udp") },
	"tcp-alternate-server":  func(c *conversion, value string) { c.alternate(value, "tcp") },
	"tls-alternate-server":  func(c *conversion, value string) { c.alternate(value, "tls") },
	"drain-min-allocations": without("has no counterpart: drain.timeout bounds how long draining takes"),

	// STUN.
	"fingerprint":                       nil,
	"software-attribute":                nil,
	"no-software-attribute":             nil,
	"stun-only":                         whenOn(func(c *conversion) { c.cfg.STUN.Only = true }),
	"no-stun":                           whenOn(func(c *conversion) { c.cfg.STUN.Binding = false }),
	"secure-stun":                       without("is not taken over: Binding requests are answered without credentials"),
	"mobility":                          whenOn(func(c *conversion) { c.cfg.Allocation.Mobility = true }),
	"rfc5766-channel-numbers":           whenOn(func(c *conversion) { c.cfg.Allocation.WideChannelNumbers = true }),
	"stun-backward-compatibility":       without("has no counterpart: classic STUN (RFC 3489) is not served"),
	"rfc3489-compatibility":             without("has no counterpart: classic STUN (RFC 3489) is not served"),
	"include-reason-string":             nil,
	"drop-invalid-packets":              nil,
	"response-origin-only-with-rfc5780": nil,

	// Operation.
	"prometheus":         whenOn(func(c *conversion) { c.ports.hasMetrics = true }),
	"prometheus-port":    number(func(c *conversion, n int64) { c.ports.metrics = uint16(n) }),
	"prometheus-address": func(c *conversion, value string) { c.ports.metricsAddress = value },
	"prometheus-path":    without("has no counterpart: metrics are at /metrics"),
	"prometheus-tls":     without("has no counterpart: put a proxy with TLS in front of monitoring.address"),
	"prometheus-cert":    nil, "prometheus-key": nil,
	"prometheus-username-labels": without("has no counterpart: no label holds what clients choose; see events"),
	"relay-threads":              number(func(c *conversion, n int64) { c.cfg.Workers = int(min(n, 1024)) }),
	"cpus":                       number(func(c *conversion, n int64) { c.cfg.Workers = int(min(n, 1024)) }),
	"verbose":                    nil,
	"Verbose":                    whenOn(func(c *conversion) { c.cfg.Log.Level = "debug" }),
	"log-min-level":              without(noLog), "log-file": without(noLog), "no-stdout-log": without(noLog),
	"syslog": without(noLog), "syslog-facility": without(noLog), "simple-log": without(noLog),
	"new-log-timestamp": nil, "new-log-timestamp-format": nil, "log-binding": nil,
	"pidfile":    without("has no counterpart: let the service manager watch the process"),
	"proc-user":  without("has no counterpart: start the server as the user that it shall be"),
	"proc-group": without("has no counterpart: start the server as the group that it shall be"),
	"daemon":     without("has no counterpart: let the service manager start the process"),
	"no-cli":     nil, "cli": nil, "cli-ip": without(noAdmin), "cli-port": without(noAdmin), "cli-password": without(noAdmin),
	"cli-max-output-sessions": nil,
	"web-admin":               without(noAdmin), "web-admin-ip": nil, "web-admin-port": nil, "web-admin-listen-on-workers": nil,
	"udp-recvmmsg": nil, "udp-gso": nil, "udp-self-balance": nil,
	"drop-invalid-packets-log": nil, "udp-recvmmsg-log": nil, "udp-sendmmsg-log": nil,
}
