//go:build !race

package dtls

import "testing"

// Opening, sealing and asking strangers for cookies allocate nothing.
func TestRecordsDoNotAllocate(t *testing.T) {
	for _, withCIDs := range []bool{false, true} {
		server, client := pair(t, keys(SuiteRSAWithAES128, withCIDs))
		b := make([]byte, 1400+max(server.Overhead(), client.Overhead()))
		if got := testing.AllocsPerRun(100, func() {
			record := client.Seal(b, TypeApplicationData, 1400)
			r, _ := ParseRecord(record)
			if _, _, _, _, ok := server.Open(record, &r); !ok {
				t.Fatal("a record is refused")
			}
			server.Seal(b, TypeApplicationData, 1400)
		}); got != 0 {
			t.Errorf("IDs %v: got %v allocations for each record, want 0", withCIDs, got)
		}
	}
	jar := NewCookies().Jar()
	record := hello(0, 0, nil)
	var answer [VerifyRequestSize]byte
	if got := testing.AllocsPerRun(100, func() {
		h, _ := ParseHello(record)
		var path Path
		var cookie [CookieSize]byte
		jar.Put(&cookie, &path, &h, 1)
		h.Cookie = cookie[:]
		if !jar.Check(&path, &h, 2) {
			t.Fatal("a cookie is refused")
		}
		VerifyRequest(&answer, &h, &cookie)
	}); got != 0 {
		t.Errorf("got %v allocations for each stranger, want 0", got)
	}
}
