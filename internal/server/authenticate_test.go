package server_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

func TestAuthenticationOutcomes(t *testing.T) {
	f := start(t)
	allocate := requestedTransport(17)
	integrity := stun.NewLongTermIntegrity("alice", "example.org", "wonderland")
	cases := []struct {
		name    string
		request func(realm, nonce string) *stun.Message
		want    int
	}{
		{"no integrity", func(string, string) *stun.Message {
			return message(stun.MethodAllocate, allocate)
		}, 401},
		{"no username", func(realm, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewRealm(realm), stun.NewNonce(nonce), integrity)
		}, 400},
		{"no realm", func(_, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewNonce(nonce), integrity)
		}, 400},
		{"no nonce", func(realm, _ string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewRealm(realm), integrity)
		}, 400},
		{"no realm, SHA-256", func(_, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, userHash("alice", "example.org"), stun.NewNonce(nonce), integritySHA256("any"))
		}, 400},
		{"no nonce, SHA-256", func(realm, _ string) *stun.Message {
			return message(stun.MethodAllocate, allocate, userHash("alice", "example.org"), stun.NewRealm(realm), integritySHA256("any"))
		}, 400},
		{"invented nonce", func(realm, _ string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewRealm(realm), stun.NewNonce("f00f00f00f00f00f00f0"), integrity)
		}, 438},
		{"other realm", func(_, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewRealm("elsewhere"), stun.NewNonce(nonce), integrity)
		}, 401},
		{"wrong password", func(realm, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewRealm(realm), stun.NewNonce(nonce),
				stun.NewLongTermIntegrity("alice", realm, "looking-glass"))
		}, 401},
		{"unknown user", func(realm, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("mallory"), stun.NewRealm(realm), stun.NewNonce(nonce),
				stun.NewLongTermIntegrity("mallory", realm, "wonderland"))
		}, 401},
		{"hostile username", func(realm, nonce string) *stun.Message {
			name := "%s%n\r\n'; DROP TABLE \"users\" --\x00*/"
			return message(stun.MethodAllocate, allocate, stun.NewUsername(name), stun.NewRealm(realm), stun.NewNonce(nonce),
				stun.NewLongTermIntegrity(name, realm, "wonderland"))
		}, 401},
		{"right", func(realm, nonce string) *stun.Message {
			return message(stun.MethodAllocate, allocate, stun.NewUsername("alice"), stun.NewRealm(realm), stun.NewNonce(nonce), integrity)
		}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, f.addr, "alice", "wonderland")
			cl.challenge()
			answer := cl.roundTrip(c.request(cl.realm, cl.nonce))
			cl.wantCode(answer, c.want)
			challenged := text(answer, stun.AttrRealm) == "example.org" && text(answer, stun.AttrNonce) != ""
			if want := c.want == 401 || c.want == 438; challenged != want {
				t.Errorf("got realm and nonce: %t, want %t", challenged, want)
			}
			if isSigned := answer.Contains(stun.AttrMessageIntegrity); isSigned != (c.want == 0) {
				t.Errorf("got a signed answer: %t, want %t", isSigned, c.want == 0)
			}
		})
	}
}

// A nonce belongs to the client's transport address: another client cannot
// use it.
func TestNonceOfAnotherClient(t *testing.T) {
	f := start(t)
	one, two := dial(t, f.addr, "alice", "wonderland"), dial(t, f.addr, "alice", "wonderland")
	one.challenge()
	two.realm, two.nonce = one.realm, one.nonce
	two.wantCode(two.do(stun.MethodAllocate, requestedTransport(17)), 438)
}

func TestRESTCredentials(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	expired := time.Now().Add(-time.Minute)
	cases := []struct {
		name, username, secret string
		want                   int
	}{
		{"expiry and id", fmt.Sprintf("%d:carol", expires.Unix()), "first secret", 0},
		{"id and expiry", fmt.Sprintf("carol:%d", expires.Unix()), "first secret", 0},
		{"bare expiry", fmt.Sprint(expires.Unix()), "first secret", 0},
		{"second secret", fmt.Sprintf("%d:carol", expires.Unix()), "second secret", 0},
		{"unknown secret", fmt.Sprintf("%d:carol", expires.Unix()), "third secret", 401},
		{"expired", fmt.Sprintf("%d:carol", expired.Unix()), "first secret", 401},
		{"no expiry", "carol", "first secret", 401},
	}
	f := start(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, f.addr, c.username, restPassword(c.secret, c.username))
			cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), c.want)
		})
	}
}

func TestUnauthenticatedAnswersAreLimited(t *testing.T) {
	f := start(t, func(o *options) { o.limiter = authn.NewLimiter(1, 3) })
	cl := dial(t, f.addr, "alice", "wonderland")
	for range 3 {
		cl.wantCode(cl.roundTrip(message(stun.MethodAllocate, requestedTransport(17))), 401)
	}
	cl.expectSilence(message(stun.MethodAllocate, requestedTransport(17)).Raw)
	if got := f.server.Stats().Limited; got != 1 {
		t.Errorf("got %d limited answers counted, want 1", got)
	}
}

func TestAnonymous(t *testing.T) {
	f := start(t, func(o *options) {
		o.auth = authn.Config{Realm: "example.org", Anonymous: true}
	})
	cl := dial(t, f.addr, "", "")
	answer := cl.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	cl.wantCode(answer, 0)
	if answer.Contains(stun.AttrMessageIntegrity) {
		t.Error("got a signed answer to an unsigned request")
	}
	cl.wantCode(cl.roundTrip(message(stun.MethodRefresh, lifetime(0))), 0)
	f.wantNothingHeld(t)
}

func TestRequestsOfAnotherUser(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	cl.allocate()
	cl.username, cl.password = "bob", "builder"
	target := peer(f.peer)
	cl.wantCode(cl.do(stun.MethodRefresh), 441)
	cl.wantCode(cl.do(stun.MethodCreatePermission, target), 441)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), target), 441)
	cl.wantCode(cl.do(stun.MethodAllocate, requestedTransport(17)), 437)
}

func TestRequestsWithoutAllocation(t *testing.T) {
	f := start(t)
	cl := dial(t, f.addr, "alice", "wonderland")
	target := peer(f.peer)
	cl.wantCode(cl.do(stun.MethodRefresh), 437)
	cl.wantCode(cl.do(stun.MethodRefresh, lifetime(0)), 437)
	cl.wantCode(cl.do(stun.MethodCreatePermission, target), 437)
	cl.wantCode(cl.do(stun.MethodChannelBind, channelNumber(0x4000), target), 437)
}
