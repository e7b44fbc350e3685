//go:build e2e

package e2e

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// The keys that turnutils_uclient -J has, as far as it uses them: it takes a token
// by any of the three for each Allocate and each Refresh.
const (
	northKey  = "01234567890123456789012345678901"
	unionKey  = "1234567890123456"
	empireKey = "12345678901234567890123456789012"

	tokenServer = "turn.test"
)

// oauthKeys is the configuration of those keys.
func oauthKeys() map[string]any {
	key := func(kid, key, algorithm string) map[string]any {
		return map[string]any{"kid": kid, "secret": base64.StdEncoding.EncodeToString([]byte(key)), "algorithm": algorithm}
	}
	return map[string]any{"server_name": tokenServer, "keys": []map[string]any{
		key("north", northKey, "A256GCM"), key("union", unionKey, "A128GCM"), key("oldempire", empireKey, "A256GCM"),
	}}
}

// TestTurnutilsOAuth relays with the client of coturn by access tokens (RFC 7635).
func TestTurnutilsOAuth(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true}
	c.Auth.OAuth = oauthKeys()
	s, _ := startStreamServer(t, n, c)
	startEchoPeer(t, n)
	v4, v6 := testnet.PeerV4.String(), testnet.PeerV6.String()
	tests := map[string]struct {
		server   netip.AddrPort
		args     []string
		messages int
	}{
		"channels":       {serverV4, []string{"-n", "50", "-c", "-X", "-e", v4}, 50},
		"many clients":   {serverV4, []string{"-n", "20", "-m", "20", "-c", "-X", "-e", v4}, 400},
		"Send, RTCP":     {serverV4, []string{"-n", "50", "-s", "-X", "-e", v4}, 100},
		"extra requests": {serverV4, []string{"-n", "50", "-c", "-G", "-X", "-e", v4}, 50},
		"IPv6":           {serverV6, []string{"-n", "50", "-c", "-x", "-e", v6}, 50},
		"TCP":            {serverV4, []string{"-t", "-n", "50", "-c", "-X", "-e", v4}, 50},
		"TLS":            {serverV4, []string{"-t", "-S", "-n", "50", "-c", "-X", "-e", v4}, 50},
	}
	t.Run("side by side", func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := uclient(t, n, tt.server, append([]string{"-J"}, tt.args...)...)
				if missing := r.complete(tt.messages); missing != "" {
					t.Errorf("%s\n%s", missing, r.output)
				}
			})
		}
	})
	// A user beside them notices nothing.
	newClientV4(t, n).allocate(t)
	s.check(t)
	s.Stop(t)
}

// TestTurnutilsTokens has coturn's tool read our tokens and the server read its.
func TestTurnutilsTokens(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Auth.OAuth = oauthKeys()
	s := startServer(t, n, c)
	const macKey = "ZksjpweoixXmvn67534m"
	for kid, k := range map[string]struct{ key, algorithm string }{
		"north": {northKey, "A256GCM"}, "union": {unionKey, "A128GCM"},
	} {
		t.Run(kid, func(t *testing.T) {
			tool := func(args ...string) string {
				t.Helper()
				args = slices.Concat(args, []string{
					"-i", tokenServer, "-j", kid, "-k", base64.StdEncoding.EncodeToString([]byte(k.key)),
					"-l", strconv.FormatInt(time.Now().Unix()-3600, 10), "-m", "86400", "-n", k.algorithm,
				})
				p := testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_oauth", args...))
				if code := p.Wait(t, patience); code != 0 {
					t.Fatalf("turnutils_oauth %q: got exit code %d\n%s", args, code, p.Output())
				}
				return p.Output()
			}
			now := uint64(time.Now().Unix()) << 16
			ours := sealToken(t, k.key, macKey, now, 3600)
			output := tool("-v", "-d", "-t", base64.StdEncoding.EncodeToString(ours))
			if !strings.Contains(output, "Valid token") || !strings.Contains(output, macKey) || !strings.Contains(output, "lifetime: 3600") {
				t.Errorf("our token: got\n%s", output)
			}
			output = tool("-e", "-p", base64.StdEncoding.EncodeToString([]byte(macKey)), "-q", strconv.FormatUint(now, 10), "-r", "1200")
			found := regexp.MustCompile(`"access_token":"([^"]+)"`).FindStringSubmatch(output)
			if found == nil {
				t.Fatalf("no token in\n%s", output)
			}
			theirs, err := base64.StdEncoding.DecodeString(found[1])
			if err != nil {
				t.Fatal(err)
			}
			for name, token := range map[string][]byte{"ours": ours, "theirs": theirs} {
				cl := newClientV4(t, n)
				if code := cl.allocateByToken(t, kid, token, macKey); code != 0 {
					t.Errorf("%s: Allocate: got error %d, want success", name, code)
				}
				theirs[20] ^= 1
				cl = newClientV4(t, n)
				if code := cl.allocateByToken(t, kid, theirs, macKey); code != 401 {
					t.Errorf("changed: Allocate: got error %d, want 401", code)
				}
				theirs[20] ^= 1
			}
		})
	}
	s.check(t)
}

// allocateByToken asks for an allocation with an ACCESS-TOKEN.
func (c *client) allocateByToken(t testing.TB, kid string, token []byte, macKey string) (code int) {
	t.Helper()
	unsigned, err := c.build(stun.MethodAllocate, false, []stun.Setter{transportUDP})
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := c.transact(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := challenge.Get(0x802E); err != nil || string(name) != tokenServer {
		t.Errorf("got THIRD-PARTY-AUTHORIZATION %q, %v, want %q", name, err, tokenServer)
	}
	if err := c.adopt(challenge); err != nil {
		t.Fatal(err)
	}
	request, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transportUDP,
		stun.RawAttribute{Type: 0x001B, Value: token}, stun.NewUsername(kid), stun.NewRealm(c.realm), stun.NewNonce(c.nonce),
		stun.MessageIntegrity(macKey), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.transact(request)
	if err != nil {
		t.Fatal(err)
	}
	return errorCode(answer)
}

// sealToken makes a token as an authorization server does, RFC 7635 section 6.2.
func sealToken(t testing.TB, key, macKey string, stamp uint64, lifetime uint32) []byte {
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
	text = binary.BigEndian.AppendUint64(text, stamp)
	text = binary.BigEndian.AppendUint32(text, lifetime)
	var nonce [12]byte
	rand.Read(nonce[:])
	return aead.Seal(append([]byte{0, 12}, nonce[:]...), nonce[:], text, []byte(tokenServer))
}
