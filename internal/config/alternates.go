package config

import (
	"fmt"
	"time"

	"github.com/fairlead/fairlead/internal/alternate"
)

// Alternates names other servers, and says from when on clients are sent there.
type Alternates struct {
	Servers          []AlternateServer `yaml:"servers" live:"yes"`
	AboveAllocations int               `yaml:"above_allocations" live:"yes"`
}

// AlternateServer is another server that takes clients of a transport.
type AlternateServer struct {
	Address   string `yaml:"address"`
	Transport string `yaml:"transport"`
	Domain    string `yaml:"domain"`
}

// Drain says how a server that is told to stop empties itself.
type Drain struct {
	Delay   Duration `yaml:"delay"`
	Timeout Duration `yaml:"timeout"`
}

// AlternateServers are the other servers.
func (c *Config) AlternateServers() []alternate.Server {
	var servers []alternate.Server
	for _, each := range c.Alternates.Servers {
		servers = append(servers, alternate.Server{
			Address: must(parseAddressPort(each.Address)), Transport: alternate.Transport(each.Transport), Domain: each.Domain,
		})
	}
	return servers
}

func (v *validator) alternates() {
	a := v.config.Alternates
	if n := len(a.Servers); n > alternate.MaxServers {
		v.reject("alternates.servers", n, "holds more than %d servers", alternate.MaxServers)
	}
	listeners := make(map[string]bool)
	for _, listener := range v.config.Listeners {
		listeners[listener.Address] = true
	}
	seen := make(map[AlternateServer]int)
	for i, each := range a.Servers {
		path := fmt.Sprintf("alternates.servers[%d]", i)
		v.oneOf(path+".transport", each.Transport, string(alternate.UDP), string(alternate.TCP), string(alternate.TLS))
		switch {
		case each.Domain == "":
		case each.Transport != string(alternate.TLS):
			v.reject(path+".domain", each.Domain, "belongs to a server of transport tls only")
		case len(each.Domain) > 253 || !hostName.MatchString(each.Domain):
			v.reject(path+".domain", each.Domain, "must be the DNS name in that server's certificate")
		}
		addr, err := parseAddressPort(each.Address)
		switch first, twice := seen[each]; {
		case err != nil || addr.Addr().IsUnspecified() || addr.Port() == 0:
			v.reject(path+".address", each.Address, `must be the IP address and port that clients reach the other server by, such as "192.0.2.2:3478"`)
		case listeners[each.Address]:
			v.reject(path+".address", each.Address, "is a listener of this server: clients would be sent in circles")
		case twice:
			v.reject(path+".address", each.Address, "stands in alternates.servers[%d] already", first)
		}
		seen[each] = i
	}
	v.between("alternates.above_allocations", int64(a.AboveAllocations), 0, 1_000_000_000)
}

func (v *validator) drain() {
	d := v.config.Drain
	v.lasts("drain.delay", d.Delay, 0, Duration(time.Hour))
	v.lasts("drain.timeout", d.Timeout, 0, Duration(7*24*time.Hour))
	if d.Timeout > 0 && d.Delay >= d.Timeout {
		v.reject("drain.delay", d.Delay, "must be shorter than drain.timeout, which is %s", d.Timeout)
	}
}
