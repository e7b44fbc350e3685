//go:build !portable

package relay_test

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"

	"github.com/fairlead/fairlead/relay"
)

// Exhausted descriptors are told from a taken port, and leave nothing broken.
func TestDescriptorsExhausted(t *testing.T) {
	any4 := netip.MustParseAddrPort("127.0.0.1:0")
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	lowered := limit
	lowered.Cur = uint64(openFiles() + 5)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lowered); err != nil {
		t.Fatal(err)
	}
	restore := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	defer restore()
	var err error
	for range 20 {
		c, e := relay.RelaySockets{}.Open(any4)
		if err = e; err != nil {
			break
		}
		defer c.Close()
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("got error %v, want %v", err, syscall.EMFILE)
	}
	restore()
	c, err := relay.RelaySockets{}.Open(any4)
	if err != nil {
		t.Fatalf("got error %v once there are descriptors again, want none", err)
	}
	c.Close()
}
