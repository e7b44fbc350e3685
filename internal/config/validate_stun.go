package config

func (v *validator) stun() {
	const most = 127 // RFC 8489 section 14.14
	s := v.config.STUN
	if n := len([]rune(s.Software)); n > most {
		v.reject("stun.software", s.Software, "has %d characters, at most %d fit (RFC 8489 section 14.14)", n, most)
	}
	switch {
	case s.Only && !s.Binding:
		v.reject("stun.binding", s.Binding, "leaves nothing to serve beside stun.only: true; take one of them away")
	case !s.Binding && v.config.Discovery.Enabled:
		v.reject("stun.binding", s.Binding, "takes NAT behaviour discovery its requests; set nat_discovery.enabled: false")
	}
	if s.Only {
		v.stunOnly()
	}
}

// stunOnly refuses what is there for relaying alone and would look as if it did
// something.
func (v *validator) stunOnly() {
	if address, on := v.config.CredentialEndpointAddress(); on {
		v.reject("credential_endpoint.address", address, `hands out credentials that are good for nothing with stun.only: true; set it to "off"`)
	}
	if v.config.TCPRelay.Enabled {
		v.reject("tcp_relay.enabled", true, "counts for nothing with stun.only: true; set it to false")
	}
}
