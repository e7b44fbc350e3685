package server_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

// usersOnly makes a realm whose users can all be listed, so that it announces
// both features of RFC 8489.
func usersOnly(o *options) { o.auth.Secrets = nil }

// TestProtection holds every way to authenticate, and every way to bid a client
// or the server down, to RFC 8489 section 9.2.4.
func TestProtection(t *testing.T) {
	strong, weak := keySHA256("alice", "example.org", "wonderland"), keyMD5("alice", "example.org", "wonderland")
	alice, hash := stun.NewUsername("alice"), userHash("alice", "example.org")
	offered := []stun.Setter{algorithms(algorithmSHA256), algorithm(algorithmSHA256)}
	long, short := integritySHA256(strong), stun.MessageIntegrity(weak)
	with := func(common []stun.Setter, more ...stun.Setter) []stun.Setter {
		return append(slices.Clone(common), more...)
	}
	cookie := func(c string) func(string) string { return func(nonce string) string { return c + nonce[13:] } }
	cases := []struct {
		name  string
		nonce func(genuine string) string // nil: the genuine one
		attrs []stun.Setter               // what comes behind REALM and NONCE
		want  int
		by    string // what the answer is protected by; empty: nothing
	}{
		{name: "RFC 5389", attrs: []stun.Setter{alice, short}, by: bySHA1},
		{name: "RFC 8489", attrs: with(offered, hash, long), by: bySHA256},
		{name: "RFC 8489 with USERNAME", attrs: with(offered, alice, long), by: bySHA256},
		{name: "RFC 5389 with USERHASH", attrs: []stun.Setter{hash, short}, by: bySHA1},
		{name: "both names", attrs: with(offered, alice, hash, long), by: bySHA256},

		{name: "both hashes", attrs: with(offered, hash, stun.MessageIntegrity(strong), long), by: bySHA256},
		{name: "both hashes, SHA-1 wrong", attrs: with(offered, hash, short, long), by: bySHA256},
		{name: "both hashes, SHA-256 wrong", attrs: with(offered, hash, stun.MessageIntegrity(strong), integritySHA256(weak)), want: 401},
		{name: "both hashes, SHA-256 first", attrs: with(offered, hash, long, short), by: bySHA256},
		{name: "SHA-1 by the strong key", attrs: with(offered, hash, stun.MessageIntegrity(strong)), by: bySHA256},
		{name: "SHA-1 by the weak key", attrs: with(offered, hash, short), want: 401},
		{name: "SHA-256 by the weak key", attrs: with(offered, hash, integritySHA256(weak)), want: 401},
		{name: "SHA-256 without algorithms", attrs: []stun.Setter{alice, integritySHA256(weak)}, by: byMD5Key},
		{name: "SHA-256 without algorithms, strong key", attrs: []stun.Setter{alice, long}, want: 401},
		{name: "SHA-256 truncated", attrs: with(offered, hash, raw(attrIntegritySHA256, make([]byte, 16)...)), want: 400},

		{name: "PASSWORD-ALGORITHMS stripped", attrs: []stun.Setter{algorithm(algorithmSHA256), hash, long}, want: 400},
		{name: "PASSWORD-ALGORITHM stripped", attrs: []stun.Setter{algorithms(algorithmSHA256), hash, long}, want: 400},
		{name: "both stripped", attrs: []stun.Setter{hash, long}, want: 401},
		{name: "list replaced", attrs: []stun.Setter{algorithms(algorithmMD5), algorithm(algorithmMD5), hash, integritySHA256(weak)}, want: 400},
		{name: "list replaced, SHA-1", attrs: []stun.Setter{algorithms(algorithmMD5), algorithm(algorithmMD5), hash, short}, want: 400},
		{name: "list longer", attrs: []stun.Setter{algorithms(slices.Concat(algorithmSHA256, algorithmMD5)), algorithm(algorithmSHA256), hash, long}, want: 400},
		{name: "list in another order", attrs: []stun.Setter{algorithms(slices.Concat(algorithmMD5, algorithmSHA256)), algorithm(algorithmMD5), hash, short}, want: 400},
		{name: "list with parameters", attrs: []stun.Setter{algorithms([]byte{0, 2, 0, 4, 1, 2, 3, 4}), algorithm(algorithmSHA256), hash, long}, want: 400},
		{name: "empty list", attrs: []stun.Setter{algorithms(nil), algorithm(algorithmSHA256), hash, long}, want: 400},
		{name: "algorithm not in the list", attrs: []stun.Setter{algorithms(algorithmSHA256), algorithm(algorithmMD5), hash, short}, want: 400},
		{name: "unknown algorithm", attrs: []stun.Setter{algorithms(algorithmSHA256), algorithm([]byte{0, 3, 0, 0}), hash, long}, want: 400},
		{name: "algorithm cut", attrs: []stun.Setter{algorithms(algorithmSHA256), algorithm([]byte{0, 2}), hash, long}, want: 400},
		{name: "algorithms behind the integrity", attrs: []stun.Setter{hash, long, algorithms(algorithmSHA256), algorithm(algorithmSHA256)}, want: 401},

		{name: "all features cleared", nonce: cookie("obMatJos2AAAA"), attrs: []stun.Setter{alice, short}, want: 438},
		{name: "algorithms cleared", nonce: cookie("obMatJos2QAAA"), attrs: []stun.Setter{hash, short}, want: 438},
		{name: "anonymity cleared", nonce: cookie("obMatJos2gAAA"), attrs: with(offered, alice, long), want: 438},
		{name: "unassigned feature", nonce: cookie("obMatJos24AAA"), attrs: with(offered, hash, long), want: 438},
		{name: "no cookie", nonce: cookie(""), attrs: []stun.Setter{alice, short}, want: 438},
		{name: "cookie alone", nonce: func(genuine string) string { return genuine[:13] }, attrs: with(offered, hash, long), want: 438},
		// The list is held against what came with the nonce, so the nonce comes first.
		{name: "foreign nonce and list", nonce: cookie("obMatJos2gAAA"), attrs: []stun.Setter{algorithms(algorithmMD5), algorithm(algorithmMD5), alice, short}, want: 438},

		{name: "unknown hash", attrs: with(offered, userHash("mallory", "example.org"), long), want: 401},
		{name: "hash in another realm", attrs: with(offered, userHash("alice", "example.net"), long), want: 401},
		{name: "another user's hash", attrs: with(offered, userHash("bob", "example.org"), long), want: 401},
		{name: "hash cut", attrs: with(offered, raw(attrUserHash, make([]byte, 31)...), long), want: 400},
		{name: "hash as a name", attrs: with(offered, stun.NewUsername(strings.Repeat("\x00", 32)), long), want: 401},
		{name: "no name", attrs: with(offered, long), want: 400},
		{name: "wrong password", attrs: with(offered, hash, integritySHA256(keySHA256("alice", "example.org", "sesame"))), want: 401},
	}
	f := start(t, usersOnly)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dialModern(t, f.addr, "alice", "wonderland")
			nonce := cl.nonce
			if c.nonce != nil {
				nonce = c.nonce(nonce)
			}
			answer := cl.roundTrip(message(stun.MethodAllocate,
				with([]stun.Setter{requestedTransport(17), stun.NewRealm(cl.realm), stun.NewNonce(nonce)}, c.attrs...)...))
			cl.wantCode(answer, c.want)
			if got, want := protectionOf(answer), cmp.Or(c.by, byNothing); got != want {
				t.Errorf("got an answer protected by %s, want %s", got, want)
			}
			wantChallenge(t, answer, c.want == 401 || c.want == 438)
		})
	}
}

// How an answer to alice can be protected.
const (
	bySHA1    = "HMAC-SHA1 by the MD5 key"
	bySHA256  = "HMAC-SHA256 by the SHA-256 key"
	byMD5Key  = "HMAC-SHA256 by the MD5 key"
	byNothing = "nothing"
	byMistake = "several integrity attributes, or a wrong one"
)

// protectionOf tells how an answer to alice is protected.
func protectionOf(answer *stun.Message) string {
	strong, weak := keySHA256("alice", "example.org", "wonderland"), keyMD5("alice", "example.org", "wonderland")
	short, long := answer.Contains(stun.AttrMessageIntegrity), answer.Contains(attrIntegritySHA256)
	switch {
	case !short && !long:
		return byNothing
	case short && !long && stun.MessageIntegrity(weak).Check(answer) == nil:
		return bySHA1
	case long && !short && isSignedSHA256(answer, strong):
		return bySHA256
	case long && !short && isSignedSHA256(answer, weak):
		return byMD5Key
	}
	return byMistake
}

// wantChallenge checks that an answer challenges its client with all that RFC
// 8489 section 9.2.4 asks for, or with nothing, and never repeats the name.
func wantChallenge(t *testing.T, answer *stun.Message, want bool) {
	t.Helper()
	for _, attr := range []stun.AttrType{stun.AttrRealm, stun.AttrNonce, attrPasswordAlgorithms} {
		if got := answer.Contains(attr); got != want {
			t.Errorf("got %s in the answer: %t, want %t", attr, got, want)
		}
	}
	for _, attr := range []stun.AttrType{stun.AttrUsername, attrUserHash, attrPasswordAlgorithm} {
		if answer.Contains(attr) {
			t.Errorf("got %s in the answer, want none", attr)
		}
	}
}

// TestModernSession is a whole session of a client of RFC 8489 in each kind of
// realm, which all announce what their users allow.
func TestModernSession(t *testing.T) {
	md5Key, err := authn.LongTermKey("carol", "example.org", "ready")
	if err != nil {
		t.Fatal(err)
	}
	md5Key.SHA256 = authn.Key{}.SHA256
	rest := "4102444800:dave" // the year 2100
	cases := []struct {
		name               string
		change             func(o *options)
		username, password string
		list               []byte
		userHash           bool
	}{
		{"passwords", usersOnly, "alice", "wonderland", algorithmSHA256, true},
		{"MD5 keys", func(o *options) {
			usersOnly(o)
			o.auth.Users = append(o.auth.Users, authn.User{Name: "carol", Key: md5Key})
		}, "carol", "ready", algorithmMD5, true},
		{"secrets", func(*options) {}, rest, restPassword("second secret", rest), algorithmSHA256, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, c.change)
			cl := dialModern(t, f.addr, c.username, c.password)
			if !bytes.Equal(cl.list, c.list) || cl.userHash != c.userHash {
				t.Fatalf("got PASSWORD-ALGORITHMS % x and anonymity %t, want % x and %t", cl.list, cl.userHash, c.list, c.userHash)
			}
			request := cl.signed(stun.MethodAllocate, requestedTransport(17))
			first := cl.roundTrip(request)
			cl.wantCode(first, 0)
			if again := cl.roundTrip(request); string(again.Raw) != string(first.Raw) {
				t.Errorf("retransmitted Allocate: got answer % x, want the first one % x", again.Raw, first.Raw)
			}
			cl.wantCode(cl.do(stun.MethodCreatePermission, peer(f.peer)), 0)
			cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x3FFF), peer(f.peer)), 400)
			cl.wantCode(cl.do(stun.MethodRefresh, raw(0x7FF0, 1)), 420)
			cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 437)

			other := &modern{client: &client{t: t, conn: cl.conn, username: "alice", password: "mistaken", realm: cl.realm, nonce: cl.nonce}, list: cl.list, userHash: cl.userHash}
			cl.wantCode(other.do(stun.MethodRefresh), 401)

			cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
			f.wantNothingHeld(t)
		})
	}
}

// TestNamesOfOneUser: USERHASH and USERNAME are the same user, SHA-256 and SHA-1
// the same client.
func TestNamesOfOneUser(t *testing.T) {
	f := start(t, usersOnly)
	cl := dialModern(t, f.addr, "alice", "wonderland")
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 0)
	cl.wantCode(cl.client.do(stun.MethodRefresh), 0)

	bob := &modern{client: &client{t: t, conn: cl.conn, username: "bob", password: "builder", realm: cl.realm, nonce: cl.nonce}, list: cl.list, userHash: true}
	bob.wantCode(bob.do(stun.MethodRefresh), 441)

	cl.userHash = false
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 0)
	f.wantNothingHeld(t)
}

// TestReloadChangesFeatures: a nonce from before is stale, so that the client
// learns the new list, and neither kind of client loses its allocation.
func TestReloadChangesFeatures(t *testing.T) {
	key, err := authn.ParseKey("0x8493fbc53ba582fb4c044c456bdc40eb")
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, usersOnly)
	cl, old := dialModern(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "bob", "builder")
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 0)
	old.allocate()

	f.apply(t, func(o *options) { o.auth.Users = append(o.auth.Users, authn.User{Name: "carol", Key: key}) })
	stale := cl.do(stun.MethodRefresh)
	cl.wantCode(stale, 438)
	cl.accept(stale)
	if !bytes.Equal(cl.list, algorithmMD5) {
		t.Errorf("got PASSWORD-ALGORITHMS % x, want % x", cl.list, algorithmMD5)
	}
	cl.wantCode(cl.do(stun.MethodRefresh), 0)
	old.wantCode(old.do(stun.MethodRefresh), 438)
	old.challenge()
	old.wantCode(old.do(stun.MethodRefresh), 0)
}

// TestFeaturesSwitchedOff: the server is one of RFC 5389, to which the
// attributes of RFC 8489 are unknown.
func TestFeaturesSwitchedOff(t *testing.T) {
	f := start(t, usersOnly, func(o *options) { o.auth.SecurityFeatures = false })
	cl := dial(t, f.addr, "alice", "wonderland")
	challenge := cl.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	if nonce := text(challenge, stun.AttrNonce); challenge.Contains(attrPasswordAlgorithms) || strings.HasPrefix(nonce, "obMatJos2") {
		t.Errorf("got %s, want neither PASSWORD-ALGORITHMS nor a cookie", challenge)
	}
	for attr, extra := range map[stun.AttrType]stun.Setter{
		attrPasswordAlgorithm: algorithm(algorithmMD5),
		attrUserHash:          userHash("alice", "example.org"),
	} {
		answer := cl.do(stun.MethodAllocate, requestedTransport(17), extra)
		cl.wantCode(answer, 420)
		if got, want := text(answer, stun.AttrUnknownAttributes), string([]byte{byte(attr >> 8), byte(attr)}); got != want {
			t.Errorf("got UNKNOWN-ATTRIBUTES % x, want % x", got, want)
		}
	}
	cl.wantCode(cl.roundTrip(message(stun.MethodAllocate, requestedTransport(17), userHash("alice", "example.org"),
		stun.NewRealm(cl.realm), stun.NewNonce(cl.nonce), stun.MessageIntegrity(keyMD5("alice", "example.org", "wonderland")))), 401)
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17), algorithms(algorithmMD5)), 0) // comprehension-optional
}

// TestBiddingDownIsCounted: an operator can tell it from a wrong password.
func TestBiddingDownIsCounted(t *testing.T) {
	f := start(t)
	cl := dialModern(t, f.addr, "4102444800", restPassword("first secret", "4102444800"))
	cl.list = algorithmMD5
	cl.wantCode(cl.roundTrip(cl.signed(stun.MethodAllocate, requestedTransport(17))), 400)
	if got := f.server.Stats().AuthFailures["password_algorithms"]; got != 1 {
		t.Errorf("got %d counted, want 1", got)
	}
}

// TestStaleNonceIsChallenged: a stale nonce is answered with a fresh one and the
// list, RFC 8489 section 9.2.4, before anybody is looked up.
func TestStaleNonceIsChallenged(t *testing.T) {
	f := start(t, usersOnly, func(o *options) { o.nonceLifetime = time.Nanosecond })
	cl := dialModern(t, f.addr, "alice", "wonderland")
	for _, username := range []string{"alice", "mallory"} {
		cl.username = username
		answer := cl.do(stun.MethodAllocate, requestedTransport(17))
		cl.wantCode(answer, 438)
		wantChallenge(t, answer, true)
	}
	if got := f.server.Stats().AuthFailures["stale_nonce"]; got != 2 {
		t.Errorf("got %d stale nonces counted, want 2", got)
	}
}
