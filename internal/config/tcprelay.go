package config

import "github.com/fairlead/fairlead/relay/tcprelay"

// TCPRelay says whether and how TCP connections are relayed, RFC 6062.
type TCPRelay struct {
	Enabled             bool     `yaml:"enabled"`
	ConnectTimeout      Duration `yaml:"connect_timeout"`
	BindTimeout         Duration `yaml:"bind_timeout"`
	MaxUnbound          int      `yaml:"max_unbound"`
	MaxUnboundPerClient int      `yaml:"max_unbound_per_client"`
}

func (v *validator) tcpRelay() {
	r := v.config.TCPRelay
	v.lasts("tcp_relay.connect_timeout", r.ConnectTimeout, seconds(30), seconds(300)) // RFC 6062 section 5.2: at least 30 s
	v.lasts("tcp_relay.bind_timeout", r.BindTimeout, seconds(1), seconds(300))
	v.between("tcp_relay.max_unbound", int64(r.MaxUnbound), 1, 1_000_000)
	v.between("tcp_relay.max_unbound_per_client", int64(r.MaxUnboundPerClient), 1, 1_000_000)
}

// TCPRelayConfig is what says how TCP connections are relayed; false: they are not.
func (c *Config) TCPRelayConfig() (cfg tcprelay.Config, on bool) {
	r := c.TCPRelay
	return tcprelay.Config{
		ConnectTimeout:      r.ConnectTimeout.Std(),
		BindTimeout:         r.BindTimeout.Std(),
		MaxUnbound:          r.MaxUnbound,
		MaxUnboundPerClient: r.MaxUnboundPerClient,
	}, r.Enabled
}
