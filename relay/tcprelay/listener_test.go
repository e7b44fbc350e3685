package tcprelay_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/relay/tcprelay"
)

// A relayed transport address belongs to one allocation: peers that connect to it
// never get to somebody else's, be it of another Fairlead on this host, which runs
// as the same user, or of another program that shares ports.
func TestRelayedAddressIsNotShared(t *testing.T) {
	f := start(t)
	other := tcprelay.New(tcprelay.Config{})
	t.Cleanup(other.Close)
	if l, err := other.Listen(f.addr); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("beside a live one: got %v, want %v", err, syscall.EADDRINUSE)
		if err == nil {
			l.Close()
		}
	}
	taken, err := (&net.ListenConfig{Control: reusePort}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if l, err := other.Listen(taken.Addr().(*net.TCPAddr).AddrPort()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("beside a program that shares its port: got %v, want %v", err, syscall.EADDRINUSE)
		if err == nil {
			l.Close()
		}
	}
}

// reusePort is a net.ListenConfig.Control.
func reusePort(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(err, failed)
}
