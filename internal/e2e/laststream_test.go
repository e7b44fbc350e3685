//go:build e2e

package e2e

import (
	"crypto/tls"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestLastRequest ends the client's half of a connection right behind a request.
// The answer still comes.
func TestLastRequest(t *testing.T) {
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	binding, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) {
		for range 50 {
			c := newStreamClient(t, n.Clients, serverV4, secure)
			c.write(t, binding.Raw)
			if secured, ok := c.conn.(*tls.Conn); ok {
				if err := secured.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			if err := tcpOf(c.conn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if code := errorCode(c.await(t, binding.TransactionID)); code != 0 {
				t.Errorf("Binding: got error %d, want success", code)
			}
		}
	})
	s.check(t)
}
