package authn_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/authn"
)

func BenchmarkVerify(b *testing.B) {
	username, password := authn.IssueREST("last", "alice", time.Now().Add(time.Hour))
	static, rest := is(keyOf(b, "alice", "wonderland")), is(keyOf(b, username, password))
	for _, secrets := range []int{1, 2, 4} {
		cfg := authn.Config{Users: []authn.User{{Name: "alice", Password: "wonderland"}}}
		for i := range secrets - 1 {
			cfg.Secrets = append(cfg.Secrets, authn.Secret{Value: fmt.Sprint(i)})
		}
		cfg.Secrets = append(cfg.Secrets, authn.Secret{Value: "last"})
		a := mustNew(b, cfg)
		run := func(kind, name string, check func(authn.Key) bool) {
			b.Run(fmt.Sprintf("kind=%s/secrets=%d", kind, secrets), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					a.Verify(name, authn.PurposeAllocate, check)
				}
			})
		}
		run("static", "alice", static)
		run("rest", username, rest)
		run("unknown", "mallory", rest)
	}
}

func BenchmarkNonce(b *testing.B) {
	n := authn.NewNonces(nil, 0)
	client := netip.MustParseAddrPort("[2001:db8::1]:5000")
	nonce := n.Mint(nil, client, realm, modern)
	b.Run("do=mint", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 64)
		for b.Loop() {
			buf = n.Mint(buf[:0], client, realm, modern)
		}
	})
	b.Run("do=check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n.Check(nonce, client, realm, modern)
		}
	})
}

func BenchmarkLimiter(b *testing.B) {
	l := authn.NewLimiter(100, 100)
	src := netip.MustParseAddr("2001:db8::1")
	now := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		now += 1000
		l.Allow(src, now)
	}
}
