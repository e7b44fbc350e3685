package dtls

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
)

var suites = []uint16{SuiteECDSAWithAES128, SuiteECDSAWithAES256, SuiteRSAWithAES128, SuiteRSAWithAES256}

func TestRecordsBothWays(t *testing.T) {
	for _, suite := range suites {
		for _, withCIDs := range []bool{false, true} {
			t.Run(fmt.Sprintf("suite=%#x/cid=%v", suite, withCIDs), func(t *testing.T) {
				k := keys(suite, withCIDs)
				server, client := pair(t, k)
				server.Start(1)
				for i, size := range []int{0, 1, 2, 1400, MaxPlaintext} {
					payload := make([]byte, size)
					rand.Read(payload)
					record := seal(client, TypeApplicationData, payload)
					r, ok := ParseRecord(record)
					if !ok || r.Size != len(record) || r.Sequence != uint64(i) || r.CID != k.CID {
						t.Fatalf("size %d: got %+v, %v of %d bytes", size, r, ok, len(record))
					}
					at, n, kind, isHighest, ok := server.Open(record, &r)
					if !ok || !isHighest || kind != TypeApplicationData || !bytes.Equal(record[at:at+n], payload) {
						t.Errorf("size %d: got %d bytes of type %d, %v, want the payload", size, n, kind, ok)
					}
					// The client would look for its own ID, whose length is not this server's.
					toClient := seal(server, TypeAlert, payload)
					if got, want := len(toClient), size+server.Overhead(); got != want {
						t.Errorf("size %d: got a record of %d bytes, want %d", size, got, want)
					}
				}
			})
		}
	}
}

func TestWhatIsNotOpened(t *testing.T) {
	for _, withCIDs := range []bool{false, true} {
		k := keys(SuiteRSAWithAES128, withCIDs)
		server, client := pair(t, k)
		stranger := keys(SuiteRSAWithAES128, withCIDs)
		stranger.CID = k.CID
		_, other := pair(t, stranger)
		otherWay := *k
		otherWay.HasCID = !withCIDs
		_, wrongKind := pair(t, &otherWay)
		good := seal(client, TypeApplicationData, []byte("payload"))
		tests := map[string][]byte{
			"of another client":     seal(other, TypeApplicationData, []byte("payload")),
			"with or without an ID": seal(wrongKind, TypeApplicationData, []byte("payload")),
		}
		for i := range good {
			changed := bytes.Clone(good)
			changed[i] ^= 0x01
			tests[fmt.Sprintf("changed at %d", i)] = changed
		}
		tests["empty"] = good[:headerSize]
		for name, record := range tests {
			r, ok := ParseRecord(record)
			if !ok {
				continue
			}
			if _, n, kind, _, ok := server.Open(record, &r); ok {
				t.Errorf("IDs %v, %s: got %d bytes of type %d, want a refusal", withCIDs, name, n, kind)
			}
		}
		again := bytes.Clone(good)
		r, _ := ParseRecord(good)
		if _, _, _, _, ok := server.Open(good, &r); !ok {
			t.Fatalf("IDs %v: the record itself is refused", withCIDs)
		}
		if _, _, _, _, ok := server.Open(again, &r); ok {
			t.Errorf("IDs %v: a record is taken twice", withCIDs)
		}
	}
}

// A record with an ID whose content is nothing but padding has no type.
func TestNothingButPadding(t *testing.T) {
	server, client := pair(t, keys(SuiteRSAWithAES128, true))
	record := seal(client, 0, make([]byte, 10))
	r, _ := ParseRecord(record)
	if _, _, _, _, ok := server.Open(record, &r); ok {
		t.Error("got a record without a type, want a refusal")
	}
}

func TestNumbersAreUsedUp(t *testing.T) {
	server, _ := pair(t, keys(SuiteRSAWithAES128, false))
	server.Start(maxSequence)
	if seal(server, TypeAlert, CloseNotify[:]) == nil {
		t.Error("the last number is not used")
	}
	if seal(server, TypeAlert, CloseNotify[:]) != nil {
		t.Error("a number is used twice")
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	if _, err := NewCipher(keys(0x002F, false)); err == nil {
		t.Error("got a cipher for a suite that is not an AEAD, want an error")
	}
	k := keys(SuiteRSAWithAES128, true)
	k.ClientCID = make([]byte, maxClientCID+1)
	if _, err := NewCipher(k); err == nil {
		t.Error("got a cipher with an ID that is too long, want an error")
	}
}

// FuzzRecord opens any datagram, record by record.
func FuzzRecord(f *testing.F) {
	k := keys(SuiteRSAWithAES128, true)
	_, client := pair(f, k)
	f.Add(seal(client, TypeApplicationData, []byte("payload")))
	f.Add(hello(0, 0, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		server, err := NewCipher(k)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(b); {
			r, ok := ParseRecord(b[at:])
			if !ok {
				return
			}
			if r.Size < headerSize || at+r.Size > len(b) {
				t.Fatalf("got %+v at %d of %d bytes", r, at, len(b))
			}
			server.Open(b[at:at+r.Size], &r)
			at += r.Size
		}
	})
}
