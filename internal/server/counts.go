package server

import (
	"sync/atomic"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/internal/wire"
)

// authCause says why a request was not authenticated.
type authCause uint8

const (
	authNone         authCause = iota // no MESSAGE-INTEGRITY: the normal first request
	authIncomplete                    // a name, REALM or NONCE missing, or an integrity or USERHASH of the wrong length
	authStaleNonce                    // our nonce, too old
	authForeignNonce                  // a nonce made for another address, realm or server
	authRealm                         // another realm
	authWrong                         // unknown user or wrong password; the two look the same
	authRevoked                       // a right credential that was taken back
	authExpired                       // a time-limited credential that is over
	authAlgorithms                    // password algorithms other than those offered: an attempt to bid down
	authUnavailable                   // the store that could tell is down; no answer
	numAuthCauses
)

func (c authCause) String() string {
	return [numAuthCauses]string{
		"none", "incomplete", "stale_nonce", "foreign_nonce", "wrong_realm", "wrong_credential", "revoked", "expired", "password_algorithms", "store_down",
	}[c]
}

// methods are the STUN methods with counters of their own; index 0 stands for
// every other one.
var methods = [...]wire.Method{
	0, wire.MethodBinding, wire.MethodAllocate, wire.MethodRefresh, wire.MethodCreatePermission, wire.MethodChannelBind,
	wire.MethodConnect, wire.MethodConnectionBind,
}

func methodIndex(method wire.Method) int {
	for i, known := range methods {
		if known == method {
			return i
		}
	}
	return 0
}

func methodName(index int) string {
	if index == 0 {
		return "other"
	}
	return methods[index].String()
}

// codes are the error codes that errorCodes can give, in its order.
var codes = func() []int {
	var list []int
	for _, entry := range errorCodes {
		if len(list) == 0 || list[len(list)-1] != entry.code {
			list = append(list, entry.code)
		}
	}
	return list
}()

// byCode counts answers by error code.
type byCode [len(errorCodes)]atomic.Uint64

func (c *byCode) add(code int) {
	for i, known := range codes {
		if known == code {
			c[i].Add(1)
		}
	}
}

// counts is what one handler counts. The handler is the only writer; Stats
// reads from any goroutine.
type counts struct {
	requests     [len(methods)]atomic.Uint64
	errors       [len(methods)]byCode
	malformed    [wire.NumReasons]atomic.Uint64
	authFailures [numAuthCauses]atomic.Uint64
	peersDenied  [allocation.NumRuleNames]atomic.Uint64
	ended        [numEndCauses]atomic.Uint64
	turnedAway   [access.NumVerdicts]atomic.Uint64
	created      atomic.Uint64
	resumed      atomic.Uint64
	moved        atomic.Uint64
	ignored      atomic.Uint64
	limited      atomic.Uint64
	panics       atomic.Uint64
}
