package relay

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
)

// LocalAddresses knows the addresses of this host's interfaces. Reading is a
// look-up in an immutable snapshot; Engine.Run keeps that up to date.
type LocalAddresses struct {
	snapshot atomic.Pointer[addressSnapshot]
}

// addressSnapshot is one answer of the system.
type addressSnapshot struct {
	sorted []netip.Addr
	set    map[netip.Addr]struct{}
}

// NewLocalAddresses asks the system for the addresses.
func NewLocalAddresses() (*LocalAddresses, error) {
	l := &LocalAddresses{}
	l.snapshot.Store(&addressSnapshot{})
	_, err := l.Refresh()
	return l, err
}

// Refresh asks the system anew and reports whether anything changed. On an error
// the last answer stands.
func (l *LocalAddresses) Refresh() (changed bool, err error) {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return false, fmt.Errorf("read addresses of interfaces: %w", err)
	}
	next := addressSnapshot{set: make(map[netip.Addr]struct{}, len(interfaces))}
	for _, a := range interfaces {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue // not an IP address
		}
		next.set[prefix.Addr().Unmap()] = struct{}{}
	}
	for ip := range next.set {
		next.sorted = append(next.sorted, ip)
	}
	slices.SortFunc(next.sorted, netip.Addr.Compare)
	if slices.Equal(next.sorted, l.snapshot.Load().sorted) {
		return false, nil
	}
	l.snapshot.Store(&next)
	return true, nil
}

// All returns the addresses, IPv4 first, without zones.
func (l *LocalAddresses) All() []netip.Addr {
	return slices.Clone(l.snapshot.Load().sorted)
}

// Contains reports whether an address belongs to an interface of this host. It
// takes no lock.
func (l *LocalAddresses) Contains(ip netip.Addr) bool {
	_, ok := l.snapshot.Load().set[ip.Unmap().WithZone("")]
	return ok
}
