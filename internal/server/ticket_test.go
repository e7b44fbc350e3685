package server_test

import (
	"bytes"
	"testing"

	"github.com/fairlead/fairlead/internal/server"
)

func TestTickets(t *testing.T) {
	k := server.NewTickets()
	seen := map[[server.TicketSize]byte]bool{}
	for i := range uint32(10_000) {
		sealed := k.Seal(i, 7)
		serial, resumes, ok := k.Open(sealed[:])
		if !ok || serial != i || resumes != 7 {
			t.Fatalf("ticket %d: got %d, %d, %t, want what was sealed", i, serial, resumes, ok)
		}
		if bytes.IndexByte(sealed[:], 0) >= 0 {
			t.Fatalf("ticket %d: % x has a zero, at which coturn's client would cut it", i, sealed)
		}
		seen[sealed] = true
	}
	if first, second := k.Seal(1, 1), k.Seal(1, 1); first == second || len(seen) != 10_000 {
		t.Errorf("got %d different of 10,000, and twice the same state as % x and % x", len(seen), first, second)
	}
	sealed := k.Seal(1, 1)
	for bit := range 8 * len(sealed) {
		changed := sealed
		changed[bit/8] ^= 1 << (bit % 8)
		if _, _, ok := k.Open(changed[:]); ok {
			t.Errorf("bit %d changed: it opens", bit)
		}
	}
	if _, _, ok := server.NewTickets().Open(sealed[:]); ok {
		t.Error("by another server's key: it opens")
	}
}

func FuzzTicket(f *testing.F) {
	k := server.NewTickets()
	sealed := k.Seal(3, 4)
	f.Add(sealed[:])
	f.Add(make([]byte, server.TicketSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != server.TicketSize {
			return // the handler looks at the length first: TestTicketRefusals
		}
		if _, _, ok := k.Open(b); ok && !bytes.Equal(b, sealed[:]) {
			t.Errorf("% x opens and was never sealed", b)
		}
	})
}
