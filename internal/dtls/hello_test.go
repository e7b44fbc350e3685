package dtls

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestParseHello(t *testing.T) {
	good := hello(5, 1, []byte("a cookie"))
	h, ok := ParseHello(append(bytes.Clone(good), "the next record"...))
	if !ok || h.RecordSequence != 5 || h.MessageSequence != 1 || string(h.Cookie) != "a cookie" || h.Random[31] != 7 {
		t.Fatalf("got %+v, %v, want what was written", h, ok)
	}
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"cut":                 good[:len(good)-1],
		"not a handshake":     change(func(b []byte) { b[0] = TypeApplicationData }),
		"encrypted":           change(func(b []byte) { b[4] = 1 }),
		"another version":     change(func(b []byte) { b[1] = 3 }),
		"another message":     change(func(b []byte) { b[headerSize] = typeHelloVerifyRequest }),
		"a fragment":          change(func(b []byte) { b[headerSize+8] = 1 }),
		"the first fragment":  change(func(b []byte) { b[headerSize+3]++ }),
		"long session ID":     change(func(b []byte) { b[headerSize+handshakeHeaderSize+2+randomSize] = 33 }),
		"session ID past end": change(func(b []byte) { b[headerSize+handshakeHeaderSize+2+randomSize] = 32 })[:headerSize+handshakeHeaderSize+40],
		"cookie past end":     change(func(b []byte) { b[headerSize+handshakeHeaderSize+2+randomSize+3] = 255 }),
	} {
		if h, ok := ParseHello(b); ok {
			t.Errorf("%s: got %+v, want a refusal", name, h)
		}
	}
}

func TestFirstHello(t *testing.T) {
	second := hello(5, 1, []byte("a cookie"))
	h, ok := ParseHello(second)
	if !ok {
		t.Fatal("the ClientHello of the test is not one")
	}
	if got, want := h.First(append(bytes.Clone(second), "more"...)), hello(4, 0, nil); !bytes.Equal(got, want) {
		t.Errorf("got  % x\nwant % x", got, want)
	}
}

// The answer to a stranger is never longer than what asked for it.
func TestVerifyRequestIsShort(t *testing.T) {
	const shortest = headerSize + handshakeHeaderSize + 2 + randomSize + 1 + 1 + 4 + 2
	if VerifyRequestSize >= shortest {
		t.Errorf("got %d bytes for a ClientHello of %d", VerifyRequestSize, shortest)
	}
}

func TestRenumber(t *testing.T) {
	clear1, clear2 := hello(1, 0, nil), hello(2, 1, nil)
	sealed := bytes.Clone(hello(7, 0, nil))
	binary.BigEndian.PutUint16(sealed[3:], 1)
	datagram := bytes.Join([][]byte{clear1, clear2, sealed}, nil)
	if next := Renumber(datagram, 10); next != 8 {
		t.Errorf("got %d after the sealed record, want 8", next)
	}
	for i, want := range []uint64{11, 12, 7} {
		r, ok := ParseRecord(datagram)
		if !ok || r.Sequence != want {
			t.Fatalf("record %d: got number %d, %v, want %d", i, r.Sequence, ok, want)
		}
		datagram = datagram[r.Size:]
	}
	if next := Renumber(nil, 1); next != 0 {
		t.Errorf("got %d for nothing, want 0", next)
	}
}

func TestCookies(t *testing.T) {
	cookies := NewCookies()
	path := Path{1, 2, 3}
	first, ok := ParseHello(hello(0, 0, nil))
	if !ok {
		t.Fatal("the ClientHello of the test is not one")
	}
	var cookie [CookieSize]byte
	const made = 1<<32 - 10 // the clock goes round meanwhile
	cookies.Jar().Put(&cookie, &path, &first, made)
	second := first
	second.Cookie = cookie[:]
	jar := cookies.Jar() // of another worker
	otherRandom := second
	otherRandom.Random[0]++
	cut := second
	cut.Cookie = cookie[:CookieSize-1]
	forged := second
	forged.Cookie = bytes.Clone(cookie[:])
	forged.Cookie[CookieSize-1]++
	later := second
	later.Cookie = bytes.Clone(cookie[:])
	later.Cookie[3]++
	for _, test := range []struct {
		name string
		path Path
		h    Hello
		jar  *Jar
		now  uint32
		want bool
	}{
		{"at once", path, second, jar, made, true},
		{"at the end", path, second, jar, 31 - 10 - 1, true},
		{"too late", path, second, jar, 31 - 10, false},
		{"from the future", path, second, jar, made - 1, false},
		{"by another path", Path{1, 2, 4}, second, jar, made, false},
		{"with another random", path, otherRandom, jar, made, false},
		{"without", path, first, jar, made, false},
		{"cut", path, cut, jar, made, false},
		{"forged", path, forged, jar, made, false},
		{"with another time", path, later, jar, made + 5, false},
		{"of another server", path, second, NewCookies().Jar(), made, false},
	} {
		if got := test.jar.Check(&test.path, &test.h, test.now); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// FuzzHello parses any record: what is understood can be turned into the one before.
func FuzzHello(f *testing.F) {
	f.Add(hello(1, 1, make([]byte, CookieSize)))
	f.Add(hello(0, 0, nil))
	f.Add(hello(1, 1, nil)[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h, ok := ParseHello(b)
		if ok && h.RecordSequence > 0 && h.MessageSequence > 0 {
			first := h.First(b)
			again, ok := ParseHello(first)
			if !ok || len(again.Cookie) != 0 || again.Random != h.Random || again.MessageSequence != h.MessageSequence-1 {
				t.Errorf("got %+v, %v from the ClientHello before %+v", again, ok, h)
			}
		}
		if !bytes.Equal(b, before) {
			t.Errorf("got the record changed to %x, want %x", b, before)
		}
	})
}
