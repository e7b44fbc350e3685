package credentials

import (
	"fmt"
	"strings"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// Issuer makes the credentials of one shared secret.
type Issuer struct {
	Realm  string
	Secret string
	// MaxTimeToLive is the longest that the server accepts; 0 is any.
	MaxTimeToLive time.Duration
}

// Grant is a credential and where it can be used.
type Grant struct {
	Username   string
	Password   string
	TimeToLive time.Duration
	IssuedAt   time.Time
	URLs       []string // of TURN, RFC 7065
}

// Issue makes a credential for a user; the empty one has no id. It expires after
// at most that time. The error says what is wrong with the user.
func (i Issuer) Issue(user string, timeToLive time.Duration, urls []string) (Grant, error) {
	if i.MaxTimeToLive > 0 {
		timeToLive = min(timeToLive, i.MaxTimeToLive)
	}
	now := time.Now()
	username, password := authn.IssueREST(i.Secret, user, now.Add(timeToLive))
	if _, err := authn.LongTermKey(username, i.Realm, password); err != nil {
		return Grant{}, fmt.Errorf("issue credential for user %q: %w", user, err)
	}
	return Grant{Username: username, Password: password, TimeToLive: timeToLive, IssuedAt: now, URLs: urls}, nil
}

// stunURLs are the URLs of the same servers for STUN (RFC 7064), which knows no
// transport.
func (g Grant) stunURLs() []string {
	var urls []string
	for _, url := range g.URLs {
		server, transport, _ := strings.Cut(strings.TrimPrefix(url, "turn:"), "?transport=")
		if server != url && (transport == "udp" || transport == "") {
			urls = append(urls, "stun:"+server)
		}
	}
	return urls
}
