//go:build soak

package e2e

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/testnet"
)

// crowd is one socket that speaks for every address of an AnyIP range: it
// chooses the source of each datagram (IP_PKTINFO) and knows for whom each
// answer was.
type crowd struct {
	conn   *net.UDPConn
	server *net.UDPAddr
	port   uint16
	buf    []byte
	oob    []byte
}

func newCrowd(t testing.TB, n *testnet.Net) *crowd {
	t.Helper()
	conn := n.Clients.ListenUDP(t, netip.MustParseAddrPort("0.0.0.0:0"))
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = errors.Join(
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1),
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20))
	})
	if err := errors.Join(err, failed); err != nil {
		t.Fatalf("prepare the socket of a crowd: %v", err)
	}
	return &crowd{
		conn:   conn,
		server: net.UDPAddrFromAddrPort(serverV4),
		port:   conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(),
		buf:    make([]byte, 1<<16),
		oob:    make([]byte, 128),
	}
}

// member is the address of number i; there are 2^22.
func member(i int) netip.Addr {
	first := testnet.ManyClientsV4.Addr().As4()
	return netip.AddrFrom4([4]byte{first[0], first[1] | byte(i>>16), byte(i >> 8), byte(i)})
}

// send sends a datagram to the server from a member.
func (c *crowd) send(t testing.TB, from netip.Addr, datagram []byte) {
	t.Helper()
	info := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: from.As4()})
	if _, _, err := c.conn.WriteMsgUDP(datagram, info, c.server); err != nil {
		t.Fatalf("send from %s: %v", from, err)
	}
}

// receive returns the next datagram and for whom it is, false when there is
// none in time. The datagram is valid until the next call.
func (c *crowd) receive(t testing.TB, timeout time.Duration) (datagram []byte, member netip.Addr, ok bool) {
	t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	size, oobSize, _, _, err := c.conn.ReadMsgUDPAddrPort(c.buf, c.oob)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, netip.Addr{}, false
	}
	if err != nil {
		t.Fatalf("receive for a crowd: %v", err)
	}
	member, ok = destination(c.oob[:oobSize])
	if !ok {
		t.Fatalf("receive for a crowd: got control messages % x, want IP_PKTINFO", c.oob[:oobSize])
	}
	return c.buf[:size], member, true
}

// destination is whom a datagram was for, by its IP_PKTINFO.
func destination(oob []byte) (member netip.Addr, ok bool) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 || len(messages[0].Data) < 12 {
		return netip.Addr{}, false
	}
	// struct in_pktinfo: interface, local address, destination of the packet.
	return netip.AddrFrom4([4]byte(messages[0].Data[8:12])), true
}
