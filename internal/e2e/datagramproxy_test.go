//go:build e2e

package e2e

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBehindDatagramProxy puts a load balancer for UDP between coturn's client and the
// server, which knows the clients by their own addresses.
func TestBehindDatagramProxy(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	behind := netip.MustParseAddrPort("127.0.0.1:3479")
	c.Listeners = append(c.Listeners, listener{
		Address: behind.String(), Transport: "udp", ProxyProtocol: true, TrustedProxies: []string{"127.0.0.1"},
	})
	s := startServer(t, n, c)
	startEchoPeer(t, n)
	front := netip.AddrPortFrom(testnet.ServerV4, 4430)
	balance(t, n.Relay, front, behind)
	testnet.Await(t, patience, func() bool { return mappedAddress(t, n.Clients, "udp", front) == testnet.ClientV4 },
		"a client behind the load balancer is told its own address")
	for name, args := range map[string][]string{
		"channels":         {"-n", "50", "-c"},
		"Send":             {"-n", "50", "-c", "-s"},
		"full frames":      {"-n", "50", "-c", "-l", "1400"},
		"many clients":     {"-n", "50", "-c", "-m", "10"},
		"client to client": {"-n", "50", "-c", "-y", "-m", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			messages := map[string]int{"many clients": 500, "client to client": 100}[name]
			if messages == 0 {
				messages = 50
			}
			r := uclient(t, n, front, slices.Concat([]string{"-u", alice.Name, "-w", alice.Password, "-X", "-e", testnet.PeerV4.String()}, args)...)
			if missing := r.complete(messages); missing != "" {
				t.Errorf("%s\n%s", missing, r.output)
			}
		})
	}
	// Whoever comes without a proxy gets nothing.
	before := s.metric(t, "fairlead_dropped_packets_total", `reason="proxy_header"`)
	var stranger *net.UDPConn
	n.Relay.Do(func() { stranger, _ = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(behind)) })
	defer stranger.Close()
	if _, err := stranger.Write([]byte("no header")); err != nil {
		t.Fatal(err)
	}
	testnet.Await(t, patience, func() bool {
		return s.metric(t, "fairlead_dropped_packets_total", `reason="proxy_header"`) == before+1
	}, "a datagram without a header is counted")
	s.check(t)
	s.Stop(t)
}

// balance forwards datagrams between clients and a server until the test ends, each
// client by a socket of its own, those towards the server with a header in front.
func balance(t *testing.T, host *testnet.Namespace, front, server netip.AddrPort) {
	t.Helper()
	conn := host.ListenUDP(t, front)
	var mu sync.Mutex
	backs := make(map[netip.AddrPort]*net.UDPConn)
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, back := range backs {
			_ = back.Close()
		}
	})
	back := func(client netip.AddrPort) *net.UDPConn {
		mu.Lock()
		defer mu.Unlock()
		if known := backs[client]; known != nil {
			return known
		}
		var fresh *net.UDPConn
		host.Do(func() { fresh, _ = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server)) })
		if fresh == nil {
			return nil
		}
		backs[client] = fresh
		go func() {
			buf := make([]byte, 1<<16)
			for {
				size, err := fresh.Read(buf)
				if err != nil {
					return
				}
				_, _ = conn.WriteToUDPAddrPort(buf[:size], client) // lost like any datagram
			}
		}()
		return fresh
	}
	go func() {
		buf := make([]byte, 1<<16)
		for {
			size, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			client := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			header, err := proxyproto.HeaderProxyFromAddrs(2, net.UDPAddrFromAddrPort(client), net.UDPAddrFromAddrPort(front)).Format()
			if to := back(client); to != nil && err == nil {
				_, _ = to.Write(append(header, buf[:size]...))
			}
		}
	}()
}
