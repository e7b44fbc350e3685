package config

import (
	"net"
	"net/url"
)

// BackEnds are "host:port" of the servers that this one talks to, but for those of
// stores, which say so themselves. No relay may reach them.
func (c *Config) BackEnds() []string {
	var all []string
	for _, text := range []string{c.Events.Webhook.URL, c.Events.Redis.URL.Reveal(), c.Quota.RedisURL.Reveal()} {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" { // a Unix socket has none
			continue
		}
		port := u.Port()
		if port == "" {
			port = defaultPorts[u.Scheme]
		}
		all = append(all, net.JoinHostPort(u.Hostname(), port))
	}
	return all
}

// defaultPorts are what a URL means that names none.
var defaultPorts = map[string]string{"http": "80", "https": "443", "redis": "6379", "rediss": "6379"}
