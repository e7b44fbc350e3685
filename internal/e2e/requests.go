//go:build e2e || soak

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

// allocate makes an allocation of the family of the client's own address, or
// ends the test, and returns its relayed transport address.
func (c *client) allocate(t testing.TB, attributes ...stun.Setter) netip.AddrPort {
	t.Helper()
	if code := c.tryAllocate(t, attributes...); code != 0 {
		t.Fatalf("Allocate by %s: got error %d, want success", c.local(), code)
	}
	return c.relayed
}

// tryAllocate is allocate that returns the error code of the answer, 0 on
// success.
func (c *client) tryAllocate(t testing.TB, attributes ...stun.Setter) (code int) {
	t.Helper()
	if c.local().Addr().Is6() {
		attributes = append(attributes, familyIPv6)
	}
	answer, err := c.request(stun.MethodAllocate, append([]stun.Setter{transportUDP}, attributes...)...)
	if err != nil {
		t.Fatal(err)
	}
	if code := errorCode(answer); code != 0 {
		return code
	}
	if c.relayed, err = addressIn(answer, stun.AttrXORRelayedAddress); err != nil {
		t.Fatal(err)
	}
	return 0
}

// refresh asks for a lifetime and returns the error code of the answer, 0 on
// success. Lifetime 0 ends the allocation.
func (c *client) refresh(t testing.TB, lifetime time.Duration) (code int) {
	t.Helper()
	return c.ask(t, stun.MethodRefresh, lifetimeOf(lifetime))
}

// free ends the allocation.
func (c *client) free(t testing.TB) {
	t.Helper()
	if code := c.refresh(t, 0); code != 0 {
		t.Fatalf("Refresh with lifetime 0 by %s: got error %d, want success", c.local(), code)
	}
}

// tryPermit asks for permissions and returns the error code of the answer.
func (c *client) tryPermit(t testing.TB, peers ...netip.Addr) (code int) {
	t.Helper()
	attributes := make([]stun.Setter, len(peers))
	for i, peer := range peers {
		attributes[i] = peerAddress(netip.AddrPortFrom(peer, 0))
	}
	return c.ask(t, stun.MethodCreatePermission, attributes...)
}

// permit installs permissions or ends the test.
func (c *client) permit(t testing.TB, peers ...netip.Addr) {
	t.Helper()
	if code := c.tryPermit(t, peers...); code != 0 {
		t.Fatalf("CreatePermission for %s by %s: got error %d, want success", peers, c.local(), code)
	}
}

// tryBind asks for a channel and returns the error code of the answer.
func (c *client) tryBind(t testing.TB, channel uint16, peer netip.AddrPort) (code int) {
	t.Helper()
	return c.ask(t, stun.MethodChannelBind, channelNumber(channel), peerAddress(peer))
}

// bind binds a channel or ends the test.
func (c *client) bind(t testing.TB, channel uint16, peer netip.AddrPort) {
	t.Helper()
	if code := c.tryBind(t, channel, peer); code != 0 {
		t.Fatalf("ChannelBind of %#x to %s by %s: got error %d, want success", channel, peer, c.local(), code)
	}
}

// ask performs a transaction and returns the error code of the answer.
func (c *client) ask(t testing.TB, method stun.Method, attributes ...stun.Setter) (code int) {
	t.Helper()
	answer, err := c.request(method, attributes...)
	if err != nil {
		t.Fatal(err)
	}
	return errorCode(answer)
}
