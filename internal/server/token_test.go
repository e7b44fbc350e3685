package server_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/quota"
)

const (
	attrAccessToken = stun.AttrType(0x001B)
	attrThirdParty  = stun.AttrType(0x802E)
	tokenServer     = "turn.example.org"
	tokenKey        = "0123456789abcdef0123456789abcdef"
	nextTokenKey    = "fedcba9876543210"
	otherTokenKey   = "an other key of thirty-two bytes"
)

// withTokens lets clients relay by tokens of two keys, which rotate, and by those
// of a tenant's.
func withTokens(o *options) {
	o.auth.OAuth = authn.OAuth{ServerName: tokenServer, Keys: []authn.TokenKey{
		{ID: "north", Key: []byte(tokenKey)}, {ID: "south", Key: []byte(nextTokenKey)}, {ID: "acme", Key: []byte(otherTokenKey), Tenant: "acme"},
	}}
}

// accessToken is a token as an authorization server makes it.
func accessToken(t *testing.T, key string, macKey []byte, issued time.Time, lifetime time.Duration) []byte {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	text := append(binary.BigEndian.AppendUint16(nil, uint16(len(macKey))), macKey...)
	text = binary.BigEndian.AppendUint64(text, uint64(issued.Unix())<<16)
	text = binary.BigEndian.AppendUint32(text, uint32(lifetime/time.Second))
	nonce := randomBytes(12)
	return aead.Seal(append([]byte{0, 12}, nonce...), nonce, text, []byte(tokenServer))
}

// bearer is a client with a token.
type bearer struct {
	*client
	kid    string
	token  []byte
	macKey []byte
}

// bear opens a client with a fresh token.
func bear(t *testing.T, f *fixture, kid, key string, lifetime time.Duration) *bearer {
	t.Helper()
	b := &bearer{client: dial(t, f.addr, kid, "")}
	b.renew(t, kid, key, lifetime)
	return b
}

// renew takes another token.
func (b *bearer) renew(t *testing.T, kid, key string, lifetime time.Duration) {
	b.kid, b.macKey = kid, randomBytes(20)
	b.token = accessToken(t, key, b.macKey, time.Now(), lifetime)
}

// ask sends a request protected by the mac_key, with the token or without, and
// checks the integrity of its answer.
func (b *bearer) ask(method stun.Method, hasToken bool, attrs ...stun.Setter) *stun.Message {
	b.t.Helper()
	if b.nonce == "" {
		b.challenge()
	}
	if hasToken {
		attrs = append(attrs, raw(attrAccessToken, b.token...))
	}
	integrity := stun.MessageIntegrity(b.macKey)
	attrs = append(attrs, stun.NewUsername(b.kid), stun.NewRealm(b.realm), stun.NewNonce(b.nonce), integrity)
	answer := b.roundTrip(message(method, attrs...))
	if code := errorCode(answer); code != 401 && code != 438 && code != 420 {
		if err := integrity.Check(answer); err != nil {
			b.t.Errorf("%s answer %d: got integrity error %v, want one by the mac_key", method, code, err)
		}
	}
	return answer
}

// RFC 7635 sections 7 and 9, from the first 401 on: only Allocate and Refresh have
// the token, and a new one takes over the session.
func TestAccessToken(t *testing.T) {
	f := start(t, withTokens)
	b := bear(t, f, "north", tokenKey, time.Hour)
	challenge := b.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	b.wantCode(challenge, 401)
	if got := text(challenge, attrThirdParty); got != tokenServer {
		t.Errorf("got THIRD-PARTY-AUTHORIZATION %q, want %q", got, tokenServer)
	}
	answer := b.ask(stun.MethodAllocate, true, requestedTransport(17))
	b.wantCode(answer, 0)
	relayed := xorAddr(t, answer, stun.AttrXORRelayedAddress)
	b.wantCode(b.ask(stun.MethodChannelBind, false, channelNumber(0x4001), peer(f.peer)), 0)
	b.wantCode(b.ask(stun.MethodCreatePermission, false, peer(f.peer)), 0)
	f.toPeer(t, b.client, 0x4001, relayed)
	f.toClient(t, b.client, 0x4001, relayed)
	b.wantCode(b.ask(stun.MethodRefresh, true, lifetime(900)), 0)

	b.renew(t, "south", nextTokenKey, time.Hour)
	b.wantCode(b.ask(stun.MethodCreatePermission, false, peer(f.peer)), 401) // nobody knows of the new token yet
	b.wantCode(b.ask(stun.MethodRefresh, true), 0)
	b.wantCode(b.ask(stun.MethodCreatePermission, false, peer(f.peer)), 0)
	b.wantCode(b.ask(stun.MethodRefresh, false), 0)
	f.toClient(t, b.client, 0x4001, relayed)
	b.wantCode(b.ask(stun.MethodRefresh, true, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// No lifetime is longer than the token's.
func TestTokenBoundsLifetime(t *testing.T) {
	f := start(t, withTokens)
	for _, tt := range []struct {
		token time.Duration
		asked uint32
		most  uint32
	}{{time.Minute, 600, 65}, {time.Hour, 3600, 3600}, {20 * time.Minute, 3600, 1205}, {20 * time.Second, 3600, 25}} {
		begin := time.Now()
		// The stamp of a token leaves out parts of a second, and so does LIFETIME.
		isLong := func(got uint32) bool {
			return got <= tt.most && got+uint32(time.Since(begin)/time.Second)+3 >= tt.most
		}
		b := bear(t, f, "north", tokenKey, tt.token)
		answer := b.ask(stun.MethodAllocate, true, requestedTransport(17), lifetime(tt.asked))
		b.wantCode(answer, 0)
		if got := seconds(t, answer); !isLong(got) {
			t.Errorf("token of %s: got a lifetime of %d s, want %d", tt.token, got, tt.most)
		}
		for _, hasToken := range []bool{true, false} {
			answer := b.ask(stun.MethodRefresh, hasToken, lifetime(tt.asked))
			b.wantCode(answer, 0)
			if got := seconds(t, answer); !isLong(got) {
				t.Errorf("token of %s, Refresh with token %t: got %d s, want %d", tt.token, hasToken, got, tt.most)
			}
		}
	}
}

func TestTokenRefusals(t *testing.T) {
	f := start(t, withTokens, withMobility)
	alice := dial(t, f.addr, "alice", "wonderland")
	alice.allocate()
	owner := bear(t, f, "north", tokenKey, time.Hour)
	owner.wantCode(owner.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
	allocate := func(change func(*bearer)) int {
		b := bear(t, f, "north", tokenKey, time.Hour)
		change(b)
		return errorCode(b.ask(stun.MethodAllocate, true, requestedTransport(17)))
	}
	for name, tt := range map[string]struct {
		change func(*bearer)
		want   int
	}{
		"good":                  {func(*bearer) {}, 0},
		"unknown kid":           {func(b *bearer) { b.kid = "west" }, 401},
		"kid of a user":         {func(b *bearer) { b.kid = "alice" }, 401},
		"another mac_key":       {func(b *bearer) { b.macKey = randomBytes(20) }, 401},
		"expired":               {func(b *bearer) { b.token = accessToken(t, tokenKey, b.macKey, time.Now().Add(-time.Hour), time.Minute) }, 401},
		"empty":                 {func(b *bearer) { b.token = nil }, 401},
		"long":                  {func(b *bearer) { b.token = bytes.Repeat(b.token, 15) }, 401},
		"nonce_length of 65535": {func(b *bearer) { b.token[0], b.token[1] = 0xFF, 0xFF }, 401},
		"first 16 bytes":        {func(b *bearer) { b.macKey = b.macKey[:16] }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := allocate(tt.change); got != tt.want {
				t.Errorf("got code %d, want %d", got, tt.want)
			}
		})
	}
	mobile := bear(t, f, "north", tokenKey, time.Hour)
	mobile.wantCode(mobile.ask(stun.MethodAllocate, true, requestedTransport(17), mobilityTicket(nil)), 405)

	// Users and bearers, and bearers of two tenants, are strangers to each other.
	owner.username, owner.password = "alice", "wonderland"
	owner.wantCode(owner.do(stun.MethodRefresh), 441)
	intruder := &bearer{client: alice}
	intruder.renew(t, "north", tokenKey, time.Hour)
	intruder.wantCode(intruder.ask(stun.MethodRefresh, true), 441)
	tenant := &bearer{client: owner.client}
	tenant.renew(t, "acme", otherTokenKey, time.Hour)
	tenant.wantCode(tenant.ask(stun.MethodRefresh, true), 441)
}

// Without keys a token is an attribute that nobody asked for.
func TestTokenUnexpected(t *testing.T) {
	f := start(t)
	b := bear(t, f, "alice", tokenKey, time.Hour)
	answer := b.ask(stun.MethodAllocate, true, requestedTransport(17))
	b.wantCode(answer, 420)
	if got := text(answer, stun.AttrUnknownAttributes); got != "\x00\x1b" {
		t.Errorf("got UNKNOWN-ATTRIBUTES % x, want ACCESS-TOKEN", got)
	}
	challenge := b.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	if challenge.Contains(attrThirdParty) {
		t.Error("the 401 has THIRD-PARTY-AUTHORIZATION")
	}
}

// A key that keeps its kid and gets another secret is another key: what was made by
// the old one, which may be known to whoever should not know it, ends.
func TestTokenKeyReplaced(t *testing.T) {
	f := start(t, withTokens)
	north, south := bear(t, f, "north", tokenKey, time.Hour), bear(t, f, "south", nextTokenKey, time.Hour)
	for _, b := range []*bearer{north, south} {
		b.wantCode(b.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
		b.wantCode(b.ask(stun.MethodRefresh, false), 0)
	}
	f.apply(t, func(o *options) { o.auth.OAuth.Keys[0].Key = []byte(strings.Repeat("n", len(tokenKey))) })
	f.awaitEnd(t, "revoked", 1)
	north.wantCode(north.ask(stun.MethodRefresh, false), 401)
	south.wantCode(south.ask(stun.MethodRefresh, false), 0)
}

// A key that becomes another tenant's ends what its tokens made: that has the quota
// and the peer rules of the tenant before, and no token of the key could refresh it.
func TestTokenKeyOfAnotherTenant(t *testing.T) {
	f := start(t, withTokens)
	acme, north := bear(t, f, "acme", otherTokenKey, time.Hour), bear(t, f, "north", tokenKey, time.Hour)
	for _, b := range []*bearer{acme, north} {
		b.wantCode(b.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
	}
	f.apply(t, func(o *options) { o.auth.OAuth.Keys[2].Tenant = "umbrella" })
	f.awaitEnd(t, "revoked", 1)
	acme.renew(t, "acme", otherTokenKey, time.Hour)
	acme.wantCode(acme.ask(stun.MethodRefresh, true), 437)
	acme.wantCode(acme.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
	north.wantCode(north.ask(stun.MethodRefresh, true), 0)
}

// A key that is taken away, or revoked, ends what its tokens made. The tenant of a
// key has the limits of a tenant; the limits of users are nobody's.
func TestTokenKeyTakenAway(t *testing.T) {
	revocations, err := authn.OpenRevocations(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, withTokens, func(o *options) {
		o.revocations = revocations
		o.settings.Quota = quota.Limits{UserAllocations: 1, TenantAllocations: 1}
	})
	var north []*bearer
	for range 3 {
		b := bear(t, f, "north", tokenKey, time.Hour)
		b.wantCode(b.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
		north = append(north, b)
	}
	acme := bear(t, f, "acme", otherTokenKey, time.Hour)
	acme.wantCode(acme.ask(stun.MethodAllocate, true, requestedTransport(17)), 0)
	second := bear(t, f, "acme", otherTokenKey, time.Hour)
	second.wantCode(second.ask(stun.MethodAllocate, true, requestedTransport(17)), 486)
	f.apply(t, func(o *options) { o.auth.OAuth.Keys = o.auth.OAuth.Keys[1:] })
	f.awaitEnd(t, "revoked", 3)
	north[0].wantCode(north[0].ask(stun.MethodRefresh, true), 401)
	acme.wantCode(acme.ask(stun.MethodRefresh, true), 0)
	if err := revocations.Add(authn.Revocation{Realm: "example.org", Secret: "acme"}); err != nil {
		t.Fatal(err)
	}
	if err := f.server.EndRevoked(t.Context(), f.engine.Workers()); err != nil {
		t.Fatal(err)
	}
	f.awaitEnd(t, "revoked", 4)
	acme.wantCode(acme.ask(stun.MethodAllocate, true, requestedTransport(17)), 401)
	f.wantNothingHeld(t)
}
