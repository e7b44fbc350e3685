package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"github.com/fairlead/fairlead/authn"
)

// labelName is what may stand in a label of a metric, and is easy to type.
var labelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (v *validator) label(path, name string) {
	if !labelName.MatchString(name) {
		v.reject(path, name, "must be 1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first")
	}
	if name == "other" { // see server.otherTenants
		v.reject(path, name, "is the label of the tenants that metrics do not show apart: take another name")
	}
}

func (v *validator) realms() {
	configured := make(map[netip.AddrPort]bool)
	for _, listener := range v.config.Listeners {
		if addr, err := parseAddressPort(listener.Address); err == nil {
			configured[addr] = true
		}
	}
	names := map[string]string{prepared(v.config.Auth.Realm): "auth.realm"}
	claimed := make(map[netip.AddrPort]string)
	served := make(map[string]string)
	for i, realm := range v.config.Realms {
		path := fmt.Sprintf("realms[%d]", i)
		if first, twice := names[prepared(realm.Name)]; twice {
			v.reject(path+".name", realm.Name, "is that of %s already", first)
		} else {
			names[prepared(realm.Name)] = path
		}
		if len(realm.Users) == 0 && len(realm.Secrets) == 0 && len(realm.OAuth.Keys) == 0 && !v.config.hasStore(realm.Name) {
			v.reject(path, nil, "has neither users nor secrets nor keys of oauth, and no store serves it: nobody could relay in it")
		} else {
			v.credentials(path, realm, v.config.realmAuthn(realm))
		}
		if len(realm.Listeners)+len(realm.ServerNames) == 0 {
			v.reject(path+".listeners", nil, "names no listener, and server_names is empty: no client would ever get this realm")
		}
		v.serverNames(path+".server_names", realm.ServerNames, served)
		for j, text := range realm.Listeners {
			at := fmt.Sprintf("%s.listeners[%d]", path, j)
			addr, err := parseAddressPort(text)
			switch first, twice := claimed[addr]; {
			case err != nil:
				v.reject(at, text, "%s", err)
			case !configured[addr]:
				v.reject(at, text, "is none of listeners: write it as it stands there")
			case twice:
				v.reject(at, text, "belongs to %s already", first)
			default:
				claimed[addr] = path
			}
		}
		v.rules(path+".allow_peers", realm.AllowPeers)
		v.rules(path+".deny_peers", realm.DenyPeers)
	}
}

// serverNames checks the names of TLS clients that a realm claims; served says
// where a name stands already.
func (v *validator) serverNames(path string, names []string, served map[string]string) {
	if len(names) == 0 {
		return
	}
	isTLS := func(l Listener) bool { return !l.IsUDP() }
	if !v.config.HasTLS() || !slices.ContainsFunc(v.config.Listeners, isTLS) {
		v.reject(path, nil, "are those of TLS clients: set tls.certificates or tls.acme.domains, and have a listener of transport tcp, tls or dtls")
	}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		if _, err := netip.ParseAddr(name); err == nil || !isHost(name) {
			v.reject(at, name, "must be a DNS name, without wildcard and port: clients of an address send no name")
			continue
		}
		if first, twice := served[canonicalName(name)]; twice {
			v.reject(at, name, "stands in %s already", first)
			continue
		}
		served[canonicalName(name)] = at
	}
}

// prepared is the form of a realm's name that counts; authn reports one that has
// none.
func prepared(realm string) string {
	name, err := authn.PrepareRealm(realm)
	if err != nil {
		return realm
	}
	return name
}

func (v *validator) tenants() {
	type tenant struct{ realm, name string }
	taken := make(map[tenant]int)
	for i, each := range v.config.Tenants {
		path := fmt.Sprintf("tenants[%d]", i)
		v.label(path+".name", each.Name)
		realm, known := v.config.RealmOf(each.Realm)
		if !known {
			v.reject(path+".realm", each.Realm, "is neither auth.realm nor the name of one of realms")
			continue
		}
		key := tenant{realm.Name, each.Name}
		if first, twice := taken[key]; twice {
			v.reject(path+".name", each.Name, "stands in tenants[%d] already", first)
		}
		taken[key] = i
		v.rules(path+".allow_peers", each.AllowPeers)
		v.rules(path+".deny_peers", each.DenyPeers)
	}
}
