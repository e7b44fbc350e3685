package server

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"syscall"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// maxPortAttempts bounds how many ports are tried when other programs sit on
// some of the range.
const maxPortAttempts = 16

// relayed is an open relayed transport address together with what must be
// given back when it ends.
type relayed struct {
	conn *udpbatch.Conn     // nil for a TCP allocation
	tcp  *tcprelay.Listener // nil for all others
	addr netip.AddrPort     // bound, local
	pool *allocation.PortPool
}

// close gives back socket and port of an address that was never published.
func (r relayed) close() {
	if r.tcp != nil {
		r.tcp.Close()
	} else {
		r.conn.Close()
	}
	r.pool.Put(r.addr.Port())
}

// takePort takes one port, or more, out of a pool.
type takePort func(*allocation.PortPool) (uint16, bool)

// openRelayed opens a relayed transport address of the family on the local
// address, trying further ports while other programs hold them.
func (s *Server) openRelayed(local netip.Addr, take takePort, open opener) (relayed, error) {
	pool, err := s.pool(local)
	if err != nil {
		return relayed{}, err
	}
	for range maxPortAttempts {
		port, ok := take(pool)
		if !ok {
			return relayed{}, errNoPort
		}
		if address, err := s.openPort(pool, local, port, open); !errors.Is(err, syscall.EADDRINUSE) {
			return address, err
		}
	}
	return relayed{}, errNoPort
}

// opener opens a relayed transport address on a port taken from the pool.
type opener func(addr netip.AddrPort, pool *allocation.PortPool) (relayed, error)

// openUDPPort is an opener.
func (s *Server) openUDPPort(addr netip.AddrPort, pool *allocation.PortPool) (relayed, error) {
	conn, err := s.config.OpenRelay(addr)
	return relayed{conn: conn, addr: addr, pool: pool}, err
}

// openPort opens a relayed transport address on a port taken from the pool;
// on an error the port is back in it.
func (s *Server) openPort(pool *allocation.PortPool, local netip.Addr, port uint16, open opener) (relayed, error) {
	addr := netip.AddrPortFrom(local, port)
	address, err := open(addr, pool)
	switch {
	case err == nil:
		s.cannotOpen.Store(false)
		return address, nil
	case !errors.Is(err, syscall.EADDRINUSE):
		s.reportOpenFailure(addr, err)
	}
	pool.Put(port)
	return relayed{}, fmt.Errorf("%w: %w", errNoSocket, err)
}

// reportOpenFailure tells the operator once, until a socket could be opened
// again.
func (s *Server) reportOpenFailure(addr netip.AddrPort, err error) {
	if !s.cannotOpen.CompareAndSwap(false, true) {
		return
	}
	advice := "check that relay.addresses are addresses of this host"
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		advice = "raise the limit of open files (LimitNOFILE, ulimit -n); each allocation needs one"
	}
	s.noisy.Warn("cannot open a relayed transport address; allocations get 508 until one can be opened",
		logging.Relayed(addr), zap.String("advice", advice), logging.Err(err))
}

// relayAddress chooses the local address for a new relayed transport address
// of the family. ok is false when this server has none.
func (s *Server) relayAddress(family wire.Family, reached netip.Addr) (netip.Addr, bool) {
	if len(s.config.RelayAddresses) > 0 {
		return s.configuredAddress(family)
	}
	if familyOf(reached) == family {
		return reached, true
	}
	for _, addr := range s.config.LocalAddresses() {
		if familyOf(addr) == family && isSameScope(addr, reached) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// isSameScope reports whether whoever reaches one of two local addresses can
// be expected to reach the other.
func isSameScope(a, b netip.Addr) bool {
	return a.IsGlobalUnicast() == b.IsGlobalUnicast() && a.IsLoopback() == b.IsLoopback()
}

// configuredAddress takes the configured addresses of a family in turn.
func (s *Server) configuredAddress(family wire.Family) (netip.Addr, bool) {
	addresses := s.config.RelayAddresses
	first := int(s.next.Add(1))
	for i := range addresses {
		if local := addresses[(first+i)%len(addresses)].Local; familyOf(local) == family {
			return local, true
		}
	}
	return netip.Addr{}, false
}

// external is what clients are told about a relayed transport address.
func (s *Server) external(local netip.AddrPort) netip.AddrPort {
	for _, address := range s.config.RelayAddresses {
		if address.Local == local.Addr() && address.External.IsValid() {
			return netip.AddrPortFrom(address.External, local.Port())
		}
	}
	return local
}

// internal turns the external form of an own relayed transport address into
// the bound one; every other address stays as it is.
func (s *Server) internal(peer netip.AddrPort) netip.AddrPort {
	for _, address := range s.config.RelayAddresses {
		if address.External.IsValid() && address.External == peer.Addr() {
			return netip.AddrPortFrom(address.Local, peer.Port())
		}
	}
	return peer
}

// isOwn reports whether an address belongs to this server, by interface or as
// the outer side of its NAT.
func (s *Server) isOwn(addr netip.Addr) bool {
	return s.config.IsLocalAddress(addr) || s.config.IsLocalAddress(s.internal(netip.AddrPortFrom(addr, 0)).Addr())
}

// portPools finds the port pool of a local relay address.
type portPools map[netip.Addr]*allocation.PortPool

// isLive reports whether an allocation of this server holds the address. It
// takes no lock: the fast path asks it for datagrams between own relayed
// transport addresses.
func (s *Server) isLive(addr netip.AddrPort) bool {
	local := s.internal(addr)
	pool := (*s.pools.Load())[local.Addr()]
	return pool != nil && pool.Live(local.Port())
}

// isLiveTCP is isLive for TCP allocations.
func (s *Server) isLiveTCP(addr netip.AddrPort) bool {
	local := s.internal(addr)
	pool := (*s.pools.Load())[local.Addr()]
	return pool != nil && pool.LiveTCP(local.Port())
}

// pool returns the port pool of a local relay address, made at first use.
func (s *Server) pool(local netip.Addr) (*allocation.PortPool, error) {
	if pool, ok := (*s.pools.Load())[local]; ok {
		return pool, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := *s.pools.Load()
	if pool, ok := known[local]; ok {
		return pool, nil
	}
	pool, err := allocation.NewPortPool(s.config.MinPort, s.config.MaxPort)
	if err != nil {
		return nil, fmt.Errorf("prepare ports of relay address %s: %w", local, err)
	}
	pools := make(portPools, len(known)+1)
	maps.Copy(pools, known)
	pools[local] = pool
	s.pools.Store(&pools)
	return pool, nil
}

func familyOf(addr netip.Addr) wire.Family {
	if addr.Is4() {
		return wire.FamilyIPv4
	}
	return wire.FamilyIPv6
}
