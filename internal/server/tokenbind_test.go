package server_test

import (
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/authn"
)

// ConnectionBind has the owner of an allocation as all other requests have it: with
// tokens the tenant, whichever key is current; and no user who is named as a key is.
func TestConnectionBindWithTokens(t *testing.T) {
	f := startTCPRelay(t, withTokens, func(o *options) {
		o.auth.Users = append(o.auth.Users, authn.User{Name: "north", Password: "star"})
	})
	l, at := listenPeer(t, f.addr.Addr())
	dialBearer := func(kid, key string) *bearer {
		b := &bearer{client: dialTCP(t, f.addr, nil, kid, "")}
		b.renew(t, kid, key, time.Hour)
		return b
	}
	b := dialBearer("north", tokenKey)
	b.wantCode(b.ask(stun.MethodAllocate, true, requestedTransport(6)), 0)
	answer := b.ask(stun.MethodConnect, false, peer(at))
	b.wantCode(answer, 0)
	id := connectionIDOf(t, answer)
	conn := acceptPeer(t, l)

	user := dialTCP(t, f.addr, nil, "north", "star")
	user.wantCode(user.do(stun.MethodConnectionBind, connectionID(id)), 441)
	acme := dialBearer("acme", otherTokenKey)
	acme.wantCode(acme.ask(stun.MethodConnectionBind, true, connectionID(id)), 441)
	next := dialBearer("south", nextTokenKey) // the keys were rotated
	next.wantCode(next.ask(stun.MethodConnectionBind, true, connectionID(id)), 0)
	data := next.conn.(framed)
	data.SetDeadline(time.Now().Add(answerTimeout))
	wantFlow(t, dataConn(data), conn, []byte("south of north"))

	// And no token binds what a user connected to.
	l2, at2 := listenPeer(t, f.addr.Addr())
	control := dialTCP(t, f.addr, nil, "north", "star")
	control.allocateTCP()
	id = control.connectTo(at2)
	acceptPeer(t, l2)
	other := dialBearer("north", tokenKey)
	other.wantCode(other.ask(stun.MethodConnectionBind, true, connectionID(id)), 441)
}
