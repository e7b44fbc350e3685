package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Namespace is one host of a test network. It is safe for concurrent use.
type Namespace struct {
	name string
	file *os.File // holds the namespace; closed by the test's Cleanup
}

// sysctls are what every namespace starts with: addresses usable at once,
// IPv6 sockets on addresses that only an AnyIP route makes local, ICMP errors
// as often as they are due.
var sysctls = map[string]string{
	"net/ipv6/conf/default/accept_dad": "0",
	"net/ipv6/conf/default/accept_ra":  "0",
	"net/ipv6/ip_nonlocal_bind":        "1",
	"net/ipv4/icmp_ratelimit":          "0",
	"net/ipv6/icmp/ratelimit":          "0",
}

func newNamespace(t testing.TB, name string) *Namespace {
	t.Helper()
	run(t, exec.Command("ip", "netns", "add", name))
	t.Cleanup(func() { run(t, exec.Command("ip", "netns", "del", name)) })

	file, err := os.Open(filepath.Join(namesDir, name))
	if err != nil {
		t.Fatalf("open namespace %s: %v", name, err)
	}
	t.Cleanup(func() { _ = file.Close() })

	n := &Namespace{name: name, file: file}
	for key, value := range sysctls {
		n.Sysctl(t, key, value)
	}
	n.IP(t, "link set lo up")
	return n
}

// IP runs commands of ip(8) in the namespace, in order, without the leading
// "ip": "addr add 10.0.0.1/24 dev x".
func (n *Namespace) IP(t testing.TB, commands ...string) {
	t.Helper()
	cmd := exec.Command("ip", "-n", n.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	run(t, cmd)
}

// Sysctl sets a kernel setting of the namespace by its path below /proc/sys.
func (n *Namespace) Sysctl(t testing.TB, path, value string) {
	t.Helper()
	var err error
	n.Do(func() { err = os.WriteFile(filepath.Join("/proc/sys", path), []byte(value), 0) })
	if err != nil {
		t.Fatalf("set sysctl %s of namespace %s: %v", path, n.name, err)
	}
}

// Command prepares a program that runs in the namespace.
func (n *Namespace) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.name, name}, args...)...)
}

// Do runs f in the namespace and returns when it is done. Sockets opened by f
// stay in the namespace wherever they are used later; goroutines started by f
// do not run in it. f runs on a goroutine of its own: it must not end the test.
func (n *Namespace) Do(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread ends with the goroutine, so that no
		// other goroutine runs on a thread that left its namespace.
		runtime.LockOSThread()
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(fmt.Sprintf("enter namespace %s: %v", n.name, err))
		}
		f()
	}()
	<-done
}

// ListenUDP opens a UDP socket in the namespace, closed when the test ends.
func (n *Namespace) ListenUDP(t testing.TB, addr netip.AddrPort) *net.UDPConn {
	t.Helper()
	var (
		conn *net.UDPConn
		err  error
	)
	n.Do(func() { conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr)) })
	if err != nil {
		t.Fatalf("listen on %s in namespace %s: %v", addr, n.name, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ListenTCP opens a TCP listener in the namespace, closed when the test ends.
func (n *Namespace) ListenTCP(t testing.TB, addr netip.AddrPort) *net.TCPListener {
	t.Helper()
	var (
		listener *net.TCPListener
		err      error
	)
	n.Do(func() { listener, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr)) })
	if err != nil {
		t.Fatalf("listen on %s in namespace %s: %v", addr, n.name, err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// DialContext connects from the namespace to an address without a name to
// look up; it has the form that http.Transport wants.
func (n *Namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	n.Do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
	return conn, err
}

// run runs a command to its end; its failure ends the test.
func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("run %s: %v\n%s", cmd, err, out)
	}
}
