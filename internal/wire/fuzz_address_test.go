package wire

import (
	"bytes"
	"testing"
)

// FuzzAddress expects an address value that can be read to be written again as
// it was, but for the byte that receivers ignore.
func FuzzAddress(f *testing.F) {
	f.Add([]byte{0, 1, 0, 80, 192, 0, 2, 1}, []byte("transaction"))
	f.Add([]byte{0, 2, 0, 80, 0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, []byte("id"))
	f.Fuzz(func(t *testing.T, value, id []byte) {
		var header [HeaderSize]byte
		var tid [TransactionIDSize]byte
		copy(tid[:], id)
		putHeader(header[:], dataType, 0, &tid)
		before := bytes.Clone(value)

		plain, ok := parseAddress(value)
		obfuscated, okXOR := parseXORAddress(value, header[:])
		if ok != okXOR {
			t.Fatalf("got readable %v plain and %v obfuscated, want the same: %x", ok, okXOR, value)
		}
		if !bytes.Equal(value, before) {
			t.Fatalf("got the value changed to %x, want %x", value, before)
		}
		if !ok {
			return
		}
		value[0] = 0
		var again [addressSize6]byte
		if n := putAddress(again[:], plain); !bytes.Equal(again[:n], value) {
			t.Errorf("got %x for %v, want %x", again[:n], plain, value)
		}
		if n := putXORAddress(again[:], obfuscated, header[:]); !bytes.Equal(again[:n], value) {
			t.Errorf("got %x for %v obfuscated, want %x", again[:n], obfuscated, value)
		}
		if Family(value[1]) != FamilyOf(plain.Addr()) {
			t.Errorf("got family %d for %v, want %d", FamilyOf(plain.Addr()), plain, value[1])
		}
	})
}
