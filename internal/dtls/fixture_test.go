package dtls

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"testing"
)

// hello makes the record of a ClientHello.
func hello(record uint64, message uint16, cookie []byte) []byte {
	body := []byte{0xFE, 0xFD}
	body = append(body, bytes.Repeat([]byte{7}, randomSize)...)
	body = append(body, 2, 0xAA, 0xBB) // session ID
	body = append(append(body, byte(len(cookie))), cookie...)
	body = append(body, 0, 2, 0xC0, 0x2B, 1, 0) // cipher suite, compression
	b := make([]byte, headerSize+handshakeHeaderSize)
	b[headerSize] = typeClientHello
	putUint24(b[headerSize+1:], len(body))
	binary.BigEndian.PutUint16(b[headerSize+4:], message)
	putUint24(b[headerSize+9:], len(body))
	b = append(b, body...)
	putHeader(b, TypeHandshake, version12, 0, record, len(b)-headerSize)
	return b
}

// keys are those of an association that no handshake has made.
func keys(suite uint16, withCIDs bool) *Keys {
	k := &Keys{Suite: suite, MasterSecret: make([]byte, 48)}
	rand.Read(k.MasterSecret)
	rand.Read(k.ClientRandom[:])
	rand.Read(k.ServerRandom[:])
	if withCIDs {
		k.CID, k.HasCID, k.ClientCID = NewCID(3), true, []byte("client")
	}
	return k
}

// pair returns the cipher of a server, and that of its client, which is the same
// with both sides swapped.
func pair(t testing.TB, k *Keys) (server, client *Cipher) {
	t.Helper()
	server, err := NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	if client, err = NewClientCipher(&Keys{Suite: k.Suite, MasterSecret: k.MasterSecret, ClientRandom: k.ClientRandom, ServerRandom: k.ServerRandom}); err != nil {
		t.Fatal(err)
	}
	if k.HasCID {
		client.clientCID = k.CID[:]
	}
	return server, client
}

// seal makes a record of a payload.
func seal(c *Cipher, kind uint8, payload []byte) []byte {
	b := make([]byte, c.Prefix()+len(payload), len(payload)+c.Overhead())
	copy(b[c.Prefix():], payload)
	return c.Seal(b, kind, len(payload))
}
