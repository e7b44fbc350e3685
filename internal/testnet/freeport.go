package testnet

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
)

// Free ports are looked for below 32768, where the kernel takes those of sockets that
// name none, so that nothing gets one by chance before the test uses it. Tests with
// fixed ports keep out of this range.
const firstFree, lastFree = 24000, 31999

// FreePort returns a port that no socket of UDP or TCP has at the moment on any of the
// addresses.
func FreePort(t testing.TB, ips ...string) uint16 {
	t.Helper()
	for range 100 {
		port := uint16(firstFree + rand.IntN(lastFree-firstFree+1))
		if isFree(port, ips) {
			return port
		}
	}
	t.Fatalf("no port from %d to %d is free on %v", firstFree, lastFree, ips)
	return 0
}

func isFree(port uint16, ips []string) bool {
	for _, ip := range ips {
		address := netip.AddrPortFrom(netip.MustParseAddr(ip), port).String()
		conn, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		conn.Close()
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		listener.Close()
	}
	return true
}
