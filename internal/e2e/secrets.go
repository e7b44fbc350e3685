//go:build e2e || soak

package e2e

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	settings "github.com/fairlead/fairlead/internal/config"
)

// What nobody may read in anything that a server writes: the texts of type Secret
// of every configuration that a test makes, the private keys of its certificates,
// and the passwords of clients with the keys derived from them.
var known secretBook

// leastSecretBytes leaves out texts that could stand anywhere by chance.
const leastSecretBytes = 8

// secretBook collects secrets of all tests of this process, in the forms that they
// could show in. The zero value is empty.
type secretBook struct {
	mu     sync.Mutex
	forms  map[string]string // what it is a form of, by form; guarded by mu
	grants map[string]bool   // forms that a credential endpoint may show; guarded by mu
}

// add notes a secret. A granted one may be handed out to its user.
func (b *secretBook) add(what, secret string, isGranted bool) {
	if len(secret) < leastSecretBytes {
		return
	}
	forms := []string{
		secret,
		strings.Trim(strconv.Quote(secret), `"`),
		url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.forms == nil {
		b.forms, b.grants = make(map[string]string), make(map[string]bool)
	}
	for _, form := range forms {
		if _, isKnown := b.forms[form]; !isKnown {
			b.forms[form] = what
			b.grants[form] = isGranted
		}
		b.grants[form] = b.grants[form] && isGranted
	}
}

// addPassword notes what a client authenticates with.
func (b *secretBook) addPassword(name, realm, password string) {
	text := name + ":" + realm + ":" + password
	short, long := md5.Sum([]byte(text)), sha256.Sum256([]byte(text))
	b.add("the password of "+name, password, true)
	for _, key := range [][]byte{short[:], long[:]} {
		b.add("a key of "+name, string(key), false)
	}
}

// addConfig notes the secrets of a configuration file, with settings from the
// environment of the server (NAME=value).
func (b *secretBook) addConfig(t testing.TB, file string, environment []string) {
	t.Helper()
	var set []string
	for _, key := range settings.Keys() {
		for _, entry := range environment {
			if value, ok := strings.CutPrefix(entry, key.Variable+"="); ok {
				set = append(set, key.Path+"="+value)
			}
		}
	}
	cfg, err := settings.Read(settings.Options{File: file, Set: set})
	if err != nil {
		return // there is a test of what is refused
	}
	b.addSecrets(reflect.ValueOf(cfg).Elem(), "")
	for _, pair := range cfg.TLS.Certificates {
		if text, err := os.ReadFile(pair.KeyFile); err == nil {
			for line := range strings.Lines(string(text)) {
				if !strings.HasPrefix(line, "-----") {
					b.add("a line of a private key", strings.TrimSpace(line), false)
				}
			}
		}
	}
}

// addSecrets walks a configuration; the password in a URL is a secret, too.
func (b *secretBook) addSecrets(value reflect.Value, path string) {
	switch {
	case value.Type() == reflect.TypeFor[settings.Secret]():
		text := value.Interface().(settings.Secret).Reveal()
		b.add(path, text, false)
		if u, err := url.Parse(text); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok {
				b.add("the password in "+path, password, false)
			}
		}
	case value.Kind() == reflect.Struct:
		for i := range value.NumField() {
			if field := value.Type().Field(i); field.IsExported() {
				b.addSecrets(value.Field(i), path+"."+field.Tag.Get("yaml"))
			}
		}
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			b.addSecrets(value.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// find tells which secrets stand in a text, each with the line; mayGrant leaves out
// those that a credential endpoint hands out.
func (b *secretBook) find(text string, mayGrant bool) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for form, what := range b.forms {
		at := strings.Index(text, form)
		if at < 0 || mayGrant && b.grants[form] {
			continue
		}
		line := text[strings.LastIndexByte(text[:at], '\n')+1:]
		line, _, _ = strings.Cut(line, "\n")
		if entry := fmt.Sprintf("%s: %.400s", strings.TrimPrefix(what, "."), line); !slices.Contains(found, entry) {
			found = append(found, entry)
		}
	}
	slices.Sort(found)
	return found
}

// check fails the test for each secret in what a server wrote.
func (b *secretBook) check(t testing.TB, where, text string, mayGrant bool) {
	t.Helper()
	for _, entry := range b.find(text, mayGrant) {
		t.Errorf("a secret shows in %s: %s", where, entry)
	}
}
