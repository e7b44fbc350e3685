package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretBytes bounds a secret file, so that a path to the wrong file shows
// as such.
const maxSecretBytes = 64 << 10

// readSecretFiles fills each secret whose *_file twin is set.
func (r *reader) readSecretFiles(c *Config) {
	r.readCredentials("auth", c.Auth.Users, c.Auth.Secrets)
	r.readTokenKeys("auth", c.Auth.OAuth.Keys)
	for i, realm := range c.Realms {
		r.readCredentials(fmt.Sprintf("realms[%d]", i), realm.Users, realm.Secrets)
		r.readTokenKeys(fmt.Sprintf("realms[%d]", i), realm.OAuth.Keys)
	}
	for i := range c.CredentialEndpoint.Keys {
		key := &c.CredentialEndpoint.Keys[i]
		r.readSecret(fmt.Sprintf("credential_endpoint.keys[%d].key", i), &key.Key, key.KeyFile)
	}
	r.readSecret("events.webhook.secret", &c.Events.Webhook.Secret, c.Events.Webhook.SecretFile)
	r.readSecret("events.redis.url", &c.Events.Redis.URL, c.Events.Redis.URLFile)
	r.readSecret("admin.token", &c.Admin.Token, c.Admin.TokenFile)
	for i := range c.Auth.Stores {
		s, path := &c.Auth.Stores[i], fmt.Sprintf("auth.stores[%d]", i)
		r.readSecret(path+".dsn", &s.DSN, s.DSNFile)
		r.readSecret(path+".token", &s.Token, s.TokenFile)
		r.readSecret(path+".secret", &s.Secret, s.SecretFile)
		r.readSecret(path+".public_key", &s.PublicKey, s.PublicKeyFile)
		r.readSecret(path+".password", &s.Password, s.PasswordFile)
		if s.Path != "" {
			s.Path = r.beside(s.Path)
		}
	}
	r.readSecret("auth.nonce_key", &c.Auth.NonceKey, c.Auth.NonceKeyFile)
	r.readSecret("quota.redis_url", &c.Quota.RedisURL, c.Quota.RedisURLFile)
}

// readCredentials fills the users and shared secrets of one realm.
func (r *reader) readCredentials(path string, users []User, secrets []SharedSecret) {
	for i := range users {
		user, at := &users[i], fmt.Sprintf("%s.users[%d]", path, i)
		r.readSecret(at+".password", &user.Password, user.PasswordFile)
		r.readSecret(at+".key", &user.Key, user.KeyFile)
	}
	for i := range secrets {
		secret := &secrets[i]
		r.readSecret(fmt.Sprintf("%s.secrets[%d].value", path, i), &secret.Value, secret.ValueFile)
	}
}

// readSecret takes a secret from its file, without the one newline that
// editors and echo leave at the end.
func (r *reader) readSecret(path string, secret *Secret, file string) {
	if file == "" {
		return
	}
	if *secret != "" {
		r.reject(path+"_file", "stands beside %s: keep one of the two", lastName(path))
		return
	}
	content, err := readBounded(r.beside(file), maxSecretBytes)
	if err != nil {
		r.reject(path+"_file", "read secret: %v", err)
		return
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if text == "" {
		r.reject(path+"_file", "the file %s is empty", r.beside(file))
		return
	}
	*secret = Secret(text)
}

// beside is where relative paths of secret files start: beside the
// configuration file, or in the working directory when there is none.
func (r *reader) beside(path string) string {
	if filepath.IsAbs(path) || r.file == "" {
		return path
	}
	return filepath.Join(filepath.Dir(r.file), path)
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// readBounded reads a file that should not be longer than limit.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, &os.PathError{Op: "read", Path: name, Err: errors.New("longer than the permitted " + fmt.Sprint(limit) + " bytes")}
	}
	return content, nil
}
