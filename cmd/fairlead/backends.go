package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/logging"
)

// resolveTimeout is how long the addresses of back-ends may be looked up.
const resolveTimeout = 5 * time.Second

// backEndAddresses are where back-ends are reached: no relay may get there.
func backEndAddresses(cfg *config.Config, set store.Set, log *zap.Logger) []netip.AddrPort {
	hosts := cfg.BackEnds()
	for _, each := range set {
		hosts = append(hosts, each.Addresses()...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	var addresses []netip.AddrPort
	for _, host := range hosts {
		found, err := resolve(ctx, host)
		if err != nil {
			log.Warn("cannot tell the address of a back-end: it is not denied as a peer until the next reload",
				zap.String("back_end", host), logging.Err(err))
		}
		addresses = append(addresses, found...)
	}
	return addresses
}

// resolve looks up the addresses of "host:port".
func resolve(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", address, err)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var found []netip.AddrPort
	for _, ip := range ips {
		found = append(found, netip.AddrPortFrom(ip.Unmap().WithZone(""), uint16(number)))
	}
	return found, nil
}
