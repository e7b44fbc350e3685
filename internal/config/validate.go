package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Validate checks the values against each other and against what the parts of
// the server accept. It changes nothing. The error is a Problems with all that
// is wrong, section by section.
func (c *Config) Validate() error {
	v := &validator{config: c}
	v.listeners()
	v.publicHost()
	v.between("workers", int64(c.Workers), 0, 1024)
	v.tls()
	v.sockets()
	v.streams()
	v.relay()
	v.tcpRelay()
	v.allocation()
	v.auth()
	v.realms()
	v.tenants()
	v.clients()
	v.peers()
	v.quota()
	v.stun()
	v.natDiscovery()
	v.alternates()
	v.drain()
	v.monitoring()
	v.admin()
	v.credentialEndpoint()
	v.events()
	v.stateDir()
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "console", "json")
	return v.problems.orNil()
}

// Origin says where the value at a path comes from. Inside a list that is the
// nearest place known.
func (c *Config) Origin(path string) Origin {
	for at := path; at != ""; at = parent(at) {
		if origin, ok := c.origins[at]; ok {
			return origin
		}
	}
	return Origin{Source: FromDefault}
}

// validator collects the problems of one Config.
type validator struct {
	config   *Config
	problems Problems
}

func (v *validator) reject(path string, value any, rule string, args ...any) {
	v.problems = append(v.problems, Problem{
		Path: path, Value: printable(value), Origin: v.config.Origin(path), Rule: fmt.Sprintf(rule, args...),
	})
}

func (v *validator) between(path string, value, least, most int64) {
	if value < least || value > most {
		v.reject(path, value, "must be from %d to %d", least, most)
	}
}

func (v *validator) lasts(path string, value, least, most Duration) {
	if value < least || value > most {
		v.reject(path, value, "must be from %s to %s", least, most)
	}
}

func (v *validator) oneOf(path, value string, words ...string) {
	if !slices.Contains(words, value) {
		v.reject(path, value, "must be one of %s", strings.Join(words, ", "))
	}
}

func (v *validator) sockets() {
	const most = 1 << 30
	s := v.config.Sockets
	v.between("sockets.receive_buffer_bytes", int64(s.ReceiveBufferBytes), 0, most)
	v.between("sockets.send_buffer_bytes", int64(s.SendBufferBytes), 0, most)
	v.between("sockets.relay_receive_buffer_bytes", int64(s.RelayReceiveBufferBytes), 0, most)
	v.between("sockets.relay_send_buffer_bytes", int64(s.RelaySendBufferBytes), 0, most)
	v.oneOf("sockets.gso", s.GSO, switchAuto, switchOn, switchOff)
	v.oneOf("sockets.gro", s.GRO, switchAuto, switchOn, switchOff)
}

func (v *validator) allocation() {
	const week = Duration(7 * 24 * time.Hour)
	a := v.config.Allocation
	v.lifetime("allocation.default_lifetime", a.DefaultLifetime, week)
	v.lifetime("allocation.max_lifetime", a.MaxLifetime, week)
	if a.MaxLifetime < a.DefaultLifetime {
		v.reject("allocation.max_lifetime", a.MaxLifetime, "must not be shorter than allocation.default_lifetime, which is %s", a.DefaultLifetime)
	}
	v.lifetime("allocation.permission_lifetime", a.PermissionLifetime, week)
	v.lifetime("allocation.channel_lifetime", a.ChannelLifetime, week)
	v.lifetime("allocation.channel_bind_permission_lifetime", a.ChannelBindPermissionLifetime, week)
	v.between("allocation.max_permissions", int64(a.MaxPermissions), 1, 65536)
	v.between("allocation.max_channels", int64(a.MaxChannels), 1, 0x4000) // RFC 5766: 0x4000 to 0x7FFF
}

// lifetime is whole seconds, the unit of the LIFETIME attribute.
func (v *validator) lifetime(path string, value, most Duration) {
	v.lasts(path, value, seconds(1), most)
	if value.Std()%time.Second != 0 {
		v.reject(path, value, "must be whole seconds")
	}
}
