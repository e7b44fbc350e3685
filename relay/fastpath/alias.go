package fastpath

import "net/netip"

// Alias says that a relay address is known outside by another one (1:1 NAT).
// Clients name, and are shown, External; packets and entries have Local.
type Alias struct {
	External, Local netip.Addr
}

// alias is an Alias in the form of the entries.
type alias struct {
	external, local [16]byte
}

// SetAliases replaces the aliases. Entries keep the address under which they
// were published.
func (w *Worker) SetAliases(list []Alias) {
	w.aliases = w.aliases[:0]
	for _, a := range list {
		w.aliases = append(w.aliases, alias{a.External.As16(), a.Local.As16()})
	}
}

// toLocal turns an address as a client names it into the one that packets have.
// A server has a handful of relay addresses, which a scan finds fastest.
func (w *Worker) toLocal(ip *[16]byte) {
	for i := range w.aliases {
		if w.aliases[i].external == *ip {
			*ip = w.aliases[i].local
			return
		}
	}
}

// toExternal is the reverse of toLocal.
func (w *Worker) toExternal(ip *[16]byte) {
	for i := range w.aliases {
		if w.aliases[i].local == *ip {
			*ip = w.aliases[i].external
			return
		}
	}
}
