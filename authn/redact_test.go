package authn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/fairlead/fairlead/authn"
)

func TestSecretsAreUnprintable(t *testing.T) {
	const password, shared, fleet = "wonderland", "opensesame", "rosebud-rosebud-rosebud"
	const token, session = "tokenkey-tokenkey-tokenkey-token", "sessionkey-sessionkey"
	key, err := authn.LongTermKey("alice", "example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	cfg := authn.Config{
		Realm:   "example.org",
		Users:   []authn.User{{Name: "alice", Password: password}, {Name: "bob", Key: key}},
		Secrets: []authn.Secret{{Name: "old", Value: shared}},
		OAuth:   authn.OAuth{ServerName: "turn", Keys: []authn.TokenKey{{ID: "a", Key: []byte(token)}}},
	}
	a, err := authn.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	credential, status := a.Verify("alice", authn.PurposeAllocate, is(key))
	if status != authn.Found {
		t.Fatalf("status: got %v, want found", status)
	}
	tokenCredential, status := a.VerifyToken("a",
		sealToken(t, token, "turn", sampleNonce, tokenText(session, now(), time.Hour)), holds(session))
	if status != authn.Found {
		t.Fatalf("status of a token: got %v, want found", status)
	}
	values := map[string]any{
		"token key":     cfg.OAuth.Keys[0],
		"of a token":    tokenCredential,
		"key":           key,
		"key pointer":   &key,
		"secret":        cfg.Secrets[0],
		"user":          cfg.Users[0],
		"user with key": cfg.Users[1],
		"config":        cfg,
		"credential":    credential,
		"authenticator": a,
		"nonces":        authn.NewNonces([]byte(fleet), time.Minute),
	}
	forbidden := []string{password, shared, fleet, token, session}
	for _, raw := range [][]byte{key.MD5[:], key.SHA256[:], []byte(password), []byte(shared), []byte(fleet), []byte(token), []byte(session)} {
		decimal := strings.Trim(fmt.Sprint(raw[:6]), "[]") // 119 111 110 …
		hexadecimal := hex.EncodeToString(raw[:6])
		forbidden = append(forbidden,
			decimal, strings.ReplaceAll(decimal, " ", ","),
			hexadecimal, strings.ToUpper(hexadecimal), fmt.Sprintf("% x", raw[:6]),
			strings.Trim(fmt.Sprintf("%#v", raw[:6]), "[]byte{}"), // 0x77, 0x6f, …
			base64.StdEncoding.EncodeToString(raw[:6]))
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for how, text := range renderings(t, v) {
				for _, secret := range forbidden {
					if strings.Contains(text, secret) {
						t.Errorf("%s: got %s, which contains %q", how, text, secret)
					}
				}
			}
		})
	}
}

// renderings prints v in every way that a log or an answer might.
func renderings(t *testing.T, v any) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%o", "%c", "%U"} {
		texts[verb] = fmt.Sprintf(verb, v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	texts["json"] = string(data)
	encoderConfig := zap.NewProductionEncoderConfig()
	for name, encoder := range map[string]zapcore.Encoder{
		"zap json":    zapcore.NewJSONEncoder(encoderConfig),
		"zap console": zapcore.NewConsoleEncoder(encoderConfig),
	} {
		var out bytes.Buffer
		zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel)).Info("x", zap.Any("v", v), zap.Reflect("r", v))
		texts[name] = out.String()
	}
	return texts
}
