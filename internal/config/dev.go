package config

import "crypto/rand"

// Dev returns the development profile: every local address on port 3478, a
// user and a shared secret made up on the spot, loopback and private peers
// allowed. Give it to Load as the Base, and keep it for reloads: each call
// makes other credentials.
func Dev() *Config {
	c := Defaults()
	c.Auth.Realm = "fairlead.dev"
	c.Auth.Users = []User{{Name: "dev", Password: Secret(rand.Text())}}
	c.Auth.Secrets = []SharedSecret{{Name: "dev", Value: Secret(rand.Text())}}
	c.Allocation.WideChannelNumbers = true // older test clients use the range of RFC 5766
	c.Peers.Allow = []string{
		"127.0.0.0/8", "::1/128", // loopback
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", // private
	}
	return c
}
