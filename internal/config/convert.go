package config

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"

	"go.uber.org/zap/zapcore"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/logging"
)

// The methods of this file turn a validated Config into what the parts of the
// server take. On an unvalidated one they panic.

// AuthnConfig says who may relay.
func (c *Config) AuthnConfig() authn.Config {
	return withKeys(c.authnOf(c.asRealm()), c.Auth.Users)
}

// withKeys fills in the keys of users.
func withKeys(cfg authn.Config, users []User) authn.Config {
	for i, user := range users {
		if user.Key != "" {
			cfg.Users[i].Key = must(authn.ParseKey(user.Key.Reveal()))
		}
	}
	return cfg
}

// authnOf says who may relay in a realm, without the keys of users, which may
// still be wrong.
func (c *Config) authnOf(realm Realm) authn.Config {
	a := c.Auth
	cfg := authn.Config{
		Realm:            realm.Name,
		ExpiryGrace:      a.ExpiryGrace.Std(),
		ClockSkew:        a.ClockSkew.Std(),
		MaxTimeToLive:    a.MaxTimeToLive.Std(),
		Anonymous:        a.Anonymous,
		Nobody:           c.STUN.Only,
		SecurityFeatures: a.SecurityFeatures,
	}
	if a.Expiry == expiryStrict {
		cfg.Expiry = authn.ExpiryStrict
	}
	for _, user := range realm.Users {
		cfg.Users = append(cfg.Users, authn.User{Name: user.Name, Password: user.Password.Reveal()})
	}
	for _, secret := range realm.Secrets {
		cfg.Secrets = append(cfg.Secrets, authn.Secret{Name: secret.Name, Value: secret.Value.Reveal(), Tenant: secret.Tenant})
	}
	cfg.OAuth = realm.OAuth.authnConfig()
	return cfg
}

// NonceKey is the fleet's key of the nonces; nil asks for a random one.
func (c *Config) NonceKey() []byte {
	if c.Auth.NonceKey == "" {
		return nil
	}
	return []byte(c.Auth.NonceKey.Reveal())
}

// AllocationConfig are the lifetimes and caps of one allocation.
func (c *Config) AllocationConfig() allocation.Config {
	a := c.Allocation
	return allocation.Config{
		DefaultLifetime:               a.DefaultLifetime.Std(),
		MaxLifetime:                   a.MaxLifetime.Std(),
		PermissionLifetime:            a.PermissionLifetime.Std(),
		ChannelLifetime:               a.ChannelLifetime.Std(),
		ChannelBindPermissionLifetime: a.ChannelBindPermissionLifetime.Std(),
		MaxPermissions:                a.MaxPermissions,
		MaxChannels:                   a.MaxChannels,
		WideChannelNumbers:            a.WideChannelNumbers,
	}
}

// PeerRules are the configured rules of the peer policy.
func (c *Config) PeerRules() (allow, deny []allocation.Rule) {
	return parseRules(c.Peers.Allow), parseRules(c.Peers.Deny)
}

// WorkerCount is the number of packet workers: what is configured, or one for
// each CPU that this process may use.
func (c *Config) WorkerCount() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return cpus()
}

// cpus is what the runtime found at start, which heeds cgroups. It is asked
// once, because a server raises GOMAXPROCS above the number of its workers.
var cpus = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// ListenerAddresses are the configured listening addresses of every transport; an
// unspecified one stands for every local address of its family.
func (c *Config) ListenerAddresses() []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, listener := range c.Listeners {
		addresses = append(addresses, listener.Bound())
	}
	return addresses
}

// Local is the address that relay sockets are bound to.
func (a RelayAddress) Local() netip.Addr { return must(parseAddress(a.Address)) }

// External is what clients are told instead; the zero Addr when no NAT stands
// in front.
func (a RelayAddress) External() netip.Addr {
	if a.ExternalAddress == "" {
		return netip.Addr{}
	}
	return must(parseAddress(a.ExternalAddress))
}

// MonitoringAddress is where metrics and health are served, if at all.
func (c *Config) MonitoringAddress() (addr netip.AddrPort, on bool) {
	if c.Monitoring.Address == "" || c.Monitoring.Address == addressOff {
		return netip.AddrPort{}, false
	}
	return must(parseAddressPort(c.Monitoring.Address)), true
}

// LogLevel is the level to log from.
func (c *Config) LogLevel() zapcore.Level { return must(logging.ParseLevel(c.Log.Level)) }

// LogFormat is the shape of log lines.
func (c *Config) LogFormat() logging.Format { return logging.Format(c.Log.Format) }

// must is for values that Validate has accepted.
func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("config: used without Validate: %v", err))
	}
	return value
}
