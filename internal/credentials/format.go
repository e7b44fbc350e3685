package credentials

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Format is the shape of an answer.
type Format string

const (
	// FormatICEServers is what RTCPeerConnection takes: an object with iceServers.
	FormatICEServers Format = "ice_servers"
	// FormatArray is an array of servers, one object for each URL.
	FormatArray Format = "array"
	// FormatDraft is that of draft-uberti-behave-turn-rest-00: uris.
	FormatDraft Format = "draft"
	// FormatTwilio is that of Twilio's tokens: ice_servers with url and urls, and
	// the time to live as text.
	FormatTwilio Format = "twilio"
)

// Formats lists them all.
func Formats() []Format { return []Format{FormatICEServers, FormatArray, FormatDraft, FormatTwilio} }

// ParseFormat reads the name of a format.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, format := range Formats() {
		if string(format) == name {
			return format, nil
		}
		names = append(names, string(format))
	}
	return "", fmt.Errorf("format %q is none of %s", name, strings.Join(names, ", "))
}

type iceServers struct {
	ICEServers []iceServer `json:"iceServers"`
}

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

type oneURL struct {
	URL        string `json:"url,omitempty"` // the name that old browsers know
	URLs       string `json:"urls"`
	Username   string `json:"username,omitempty"`
	Credential string `json:"credential,omitempty"`
}

type draft struct {
	Username string   `json:"username"`
	Password string   `json:"password"`
	TTL      int64    `json:"ttl"`
	URIs     []string `json:"uris"`
}

type twilio struct {
	Username    string   `json:"username"`
	Password    string   `json:"password"`
	TTL         string   `json:"ttl"`
	AccountSID  string   `json:"account_sid"`
	DateCreated string   `json:"date_created"`
	DateUpdated string   `json:"date_updated"`
	ICEServers  []oneURL `json:"ice_servers"`
}

// Shape returns the value to encode as JSON. The account, for the format that
// shows one, is whom the credential was issued to.
func (g Grant) Shape(format Format, account string) any {
	switch seconds := int64(g.TimeToLive / time.Second); format {
	case FormatArray:
		return g.oneByOne(false)
	case FormatDraft:
		return draft{Username: g.Username, Password: g.Password, TTL: seconds, URIs: g.URLs}
	case FormatTwilio:
		at := g.IssuedAt.UTC().Format(time.RFC1123Z) // RFC 2822
		return twilio{
			Username: g.Username, Password: g.Password, TTL: strconv.FormatInt(seconds, 10),
			AccountSID: account, DateCreated: at, DateUpdated: at, ICEServers: g.oneByOne(true),
		}
	default:
		return iceServers{[]iceServer{{URLs: g.URLs, Username: g.Username, Credential: g.Password}}}
	}
}

// oneByOne lists every URL as a server of its own, STUN first.
func (g Grant) oneByOne(withOldName bool) []oneURL {
	servers := []oneURL{}
	for _, url := range g.stunURLs() {
		servers = append(servers, oneURL{URLs: url})
	}
	for _, url := range g.URLs {
		servers = append(servers, oneURL{URLs: url, Username: g.Username, Credential: g.Password})
	}
	if withOldName {
		for i := range servers {
			servers[i].URL = servers[i].URLs
		}
	}
	return servers
}
