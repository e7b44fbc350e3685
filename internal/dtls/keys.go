package dtls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
)

// The cipher suites that a Cipher knows, all of which are AEADs (RFC 5289).
const (
	SuiteECDSAWithAES128 = 0xC02B // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	SuiteECDSAWithAES256 = 0xC02C // TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
	SuiteRSAWithAES128   = 0xC02F // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	SuiteRSAWithAES256   = 0xC030 // TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
)

// Keys is what a handshake has agreed on.
type Keys struct {
	Suite                      uint16
	MasterSecret               []byte
	ClientRandom, ServerRandom [randomSize]byte
	// CID is in the records of the client if HasCID.
	CID    CID
	HasCID bool
	// ClientCID is in the records to the client unless it is empty.
	ClientCID []byte
}

// implicitNonce is the part of a nonce that is not sent, explicitNonce the one
// that is (RFC 5288 section 3).
const (
	implicitNonce = 4
	explicitNonce = 8
)

// aeads derives the two ciphers of an association, and the parts of their nonces
// that are not sent (RFC 5246 section 6.3).
func (k *Keys) aeads() (fromClient, toClient cipher.AEAD, fromNonce, toNonce []byte, err error) {
	size, newHash := 16, sha256.New
	switch k.Suite {
	case SuiteECDSAWithAES128, SuiteRSAWithAES128:
	case SuiteECDSAWithAES256, SuiteRSAWithAES256:
		size, newHash = 32, sha512.New384
	default:
		return nil, nil, nil, nil, fmt.Errorf("use cipher suite %#04x: it is not one of this server's", k.Suite)
	}
	seed := append(append([]byte("key expansion"), k.ServerRandom[:]...), k.ClientRandom[:]...)
	block := expand(newHash, k.MasterSecret, seed, 2*(size+implicitNonce))
	next := func(n int) []byte {
		part := block[:n:n]
		block = block[n:]
		return part
	}
	fromKey, toKey := next(size), next(size)
	fromNonce, toNonce = next(implicitNonce), next(implicitNonce)
	if fromClient, err = newGCM(fromKey); err == nil {
		toClient, err = newGCM(toKey)
	}
	return fromClient, toClient, fromNonce, toNonce, err
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// expand is P_hash of RFC 5246 section 5.
func expand(newHash func() hash.Hash, secret, seed []byte, n int) []byte {
	mac := hmac.New(newHash, secret)
	sum := func(parts ...[]byte) []byte {
		mac.Reset()
		for _, part := range parts {
			mac.Write(part)
		}
		return mac.Sum(nil)
	}
	var block []byte
	for a := sum(seed); len(block) < n; a = sum(a) {
		block = append(block, sum(a, seed)...)
	}
	return block[:n]
}
