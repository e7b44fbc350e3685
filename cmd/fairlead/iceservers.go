package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/relay"
)

// iceServers is the configuration of an RTCPeerConnection.
type iceServers struct {
	ICEServers []iceServer `json:"iceServers"`
}

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// writeICEServers writes one line of JSON, ready to paste.
func writeICEServers(w io.Writer, urls []string, username, password string) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(iceServers{ICEServers: []iceServer{{URLs: urls, Username: username, Credential: password}}})
}

// turnURLs are the URLs (RFC 7065) that clients reach the listeners by.
func turnURLs(cfg *config.Config) ([]string, error) {
	local, err := relay.NewLocalAddresses()
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, addr := range reachable(cfg, local.All()) {
		host := addr.Addr().String()
		if cfg.PublicHost != "" {
			host = cfg.PublicHost
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if url := fmt.Sprintf("turn:%s:%d?transport=udp", host, addr.Port()); !slices.Contains(urls, url) {
			urls = append(urls, url)
		}
	}
	return urls, nil
}

// reachable lists the addresses to put into URLs: the listeners with wildcards
// resolved, as they look from outside of a 1:1 NAT. Loopback addresses stand
// in when the wildcards stand for nothing else.
func reachable(cfg *config.Config, local []netip.Addr) []netip.AddrPort {
	var addresses, loopback []netip.AddrPort
	for _, listener := range cfg.ListenerAddresses() {
		if !listener.Addr().IsUnspecified() {
			addresses = append(addresses, outside(cfg, listener))
			continue
		}
		for _, ip := range local {
			addr := netip.AddrPortFrom(ip, listener.Port())
			switch {
			case ip.Is4() != listener.Addr().Is4(), ip.IsLinkLocalUnicast():
			case ip.IsLoopback():
				loopback = append(loopback, addr)
			default:
				addresses = append(addresses, outside(cfg, addr))
			}
		}
	}
	if len(addresses) == 0 {
		return loopback
	}
	return addresses
}

// outside turns a local address into the one that its NAT shows, if any.
func outside(cfg *config.Config, addr netip.AddrPort) netip.AddrPort {
	for _, each := range cfg.Relay.Addresses {
		if each.Local() == addr.Addr() && each.External().IsValid() {
			return netip.AddrPortFrom(each.External(), addr.Port())
		}
	}
	return addr
}
