//go:build !portable

package fastpath

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// A right guess serves the socket; a wrong one is the last.
func TestServeLone(t *testing.T) {
	served := 0
	w, err := NewWorker(Config{Control: func(_ *Worker, batch []Message) { served += len(batch) }})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	conn, err := udpbatch.Listen(netip.MustParseAddrPort("127.0.0.1:0"), udpbatch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const id = 1
	if err := w.AddListener(id, conn.Local(), conn); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("udp", conn.Local().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if w.serveLone() {
		t.Error("got something served before any socket was alone")
	}
	sure := lone{token: listenerToken | id, rounds: surelyLone}
	w.lone = sure
	binding := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 11: 1, 19: 1}
	if _, err := client.Write(binding); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); !w.serveLone(); w.lone = sure {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("got nothing served in 10 s")
		}
	}
	if served != 1 {
		t.Errorf("got %d messages, want 1", served)
	}
	if w.lone.unseen = 0; w.serveLone() || w.lone.isLikely() {
		t.Error("got another guess behind a wrong one")
	}
}
