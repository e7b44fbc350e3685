//go:build e2e

package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"time"
)

// restCredential makes an ephemeral credential as web applications do: the
// user name is "expiry:id", the password its HMAC-SHA1 in base64.
func restCredential(sharedSecret, id string, expires time.Time) user {
	name := fmt.Sprintf("%d:%s", expires.Unix(), id)
	mac := hmac.New(sha1.New, []byte(sharedSecret))
	mac.Write([]byte(name))
	return user{Name: name, Password: base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}
