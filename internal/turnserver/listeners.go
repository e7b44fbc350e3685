package turnserver

import (
	"fmt"
	"net/netip"

	"github.com/fairlead/fairlead/internal/config"
)

// ports is what a file says about listeners.
type ports struct {
	plain, secure, alternate uint16
	ips                      []netip.Addr
	auxiliary                []string
	noUDP, noTCP, noTLS      bool
	certificate, key         string
	discovery, dtls          bool
	hasMetrics               bool
	metrics                  uint16
	metricsAddress           string
}

// defaultPorts are those of coturn.
var defaultPorts = ports{plain: 3478, secure: 5349, metrics: 9641}

// listen takes an address to listen on.
func (p *ports) listen(c *conversion, value string) {
	ip, err := netip.ParseAddr(value)
	if err != nil {
		c.note("is no IP address: write it into listeners by hand")
		return
	}
	p.ips = append(p.ips, ip.Unmap())
}

// writeListeners gives every address the listeners that coturn opens: one port takes
// TCP and TLS, or UDP and DTLS, so the second one is for TLS and DTLS alone.
func (c *conversion) writeListeners() {
	p := &c.ports
	ips := p.ips
	if len(ips) == 0 {
		ips = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	hasTLS := p.certificate != "" && p.key != "" && !p.noTLS
	c.cfg.Listeners = nil
	for _, ip := range ips {
		if !p.noUDP {
			c.listener(netip.AddrPortFrom(ip, p.plain), "udp")
		}
		if !p.noTCP {
			c.listener(netip.AddrPortFrom(ip, p.plain), "tcp")
		}
		if hasTLS {
			c.listener(netip.AddrPortFrom(ip, p.secure), "tls")
		}
		if hasTLS && p.dtls {
			c.listener(netip.AddrPortFrom(ip, p.secure), "dtls")
		}
	}
	for _, text := range p.auxiliary {
		address, err := netip.ParseAddrPort(text)
		if err != nil {
			c.notes = append(c.notes, Note{Name: "aux-server", Text: fmt.Sprintf("%s is no IP address with a port: write it into listeners by hand", text)})
			continue
		}
		if !p.noUDP {
			c.listener(address, "udp")
		}
		if !p.noTCP {
			c.listener(address, "tcp")
		}
	}
	if hasTLS {
		c.cfg.TLS.Certificates = []config.Certificate{{CertificateFile: p.certificate, KeyFile: p.key}}
	}
	c.writeDiscovery()
}

func (c *conversion) listener(address netip.AddrPort, transport string) {
	c.cfg.Listeners = append(c.cfg.Listeners, config.Listener{Address: address.String(), Transport: transport})
}

// writeDiscovery takes over NAT behaviour discovery where there are two addresses.
func (c *conversion) writeDiscovery() {
	p := &c.ports
	if !p.discovery {
		return
	}
	if len(p.ips) < 2 || p.ips[0].Is4() != p.ips[1].Is4() {
		c.notes = append(c.notes, Note{Name: "rfc5780", Text: "needs two addresses of one family in listening-ip: set nat_discovery by hand"})
		return
	}
	alternate := p.alternate
	if alternate == 0 {
		alternate = p.plain + 1
	}
	c.cfg.Discovery = config.Discovery{
		Enabled: true, Addresses: []string{p.ips[0].String(), p.ips[1].String()},
		Port: int(p.plain), AlternatePort: int(alternate),
	}
}

// socketBuffers takes the size of both buffers of all sockets.
func (c *conversion) socketBuffers(n int64) {
	size := int(min(n, 1<<30))
	s := &c.cfg.Sockets
	s.ReceiveBufferBytes, s.SendBufferBytes, s.RelayReceiveBufferBytes, s.RelaySendBufferBytes = size, size, size, size
}

// writeMonitoring takes over where metrics are, but not that they are everybody's when
// nothing is said.
func (c *conversion) writeMonitoring() {
	p := &c.ports
	if !p.hasMetrics {
		return
	}
	ip := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if given, err := netip.ParseAddr(p.metricsAddress); err == nil {
		ip = given
	} else {
		c.notes = append(c.notes, Note{Name: "prometheus", Text: "metrics are served on loopback only: set monitoring.address to let others reach them"})
	}
	c.cfg.Monitoring.Address = netip.AddrPortFrom(ip, p.metrics).String()
}

// alternate takes another server.
func (c *conversion) alternate(value string, transports ...string) {
	address, err := netip.ParseAddrPort(value)
	if err != nil {
		c.note("has no IP address with a port: left out")
		return
	}
	for _, transport := range transports {
		c.cfg.Alternates.Servers = append(c.cfg.Alternates.Servers, config.AlternateServer{Address: address.String(), Transport: transport})
	}
	c.note("clients are sent there while this server is full or being emptied, not always")
}
