package relay_test

import (
	"net"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The runtime opens descriptors of its own with the first socket; the tests
	// that count descriptors must not see that.
	if c, err := net.ListenUDP("udp", nil); err == nil {
		c.Close()
	}
	goleak.VerifyTestMain(m)
}
