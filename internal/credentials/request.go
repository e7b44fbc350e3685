package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxUserBytes leaves room for the expiry in front.
const maxUserBytes = 256

// request is what a client asks for.
type request struct {
	key        string
	user       string
	timeToLive time.Duration // 0: not given
	format     Format
}

// readRequest reads a request from its URL and, for POST, from a form or a JSON
// object. The key is there even beside an error.
func readRequest(r *http.Request) (request, error) {
	values, key, err := readValues(r)
	ask := request{key: key, user: values.Get("username"), format: FormatDraft}
	if err != nil {
		return ask, err
	}
	if service := values.Get("service"); service != "" && service != "turn" {
		return ask, fmt.Errorf("service %q is not served, only turn", service)
	}
	if len(ask.user) > maxUserBytes {
		return ask, fmt.Errorf("username has %d bytes, at most %d are possible", len(ask.user), maxUserBytes)
	}
	if ask.timeToLive, err = readTimeToLive(values); err != nil {
		return ask, err
	}
	if name := values.Get("format"); name != "" {
		ask.format, err = ParseFormat(name)
	}
	return ask, err
}

// readValues collects what a request says, and its API key.
func readValues(r *http.Request) (values url.Values, key string, err error) {
	values = r.URL.Query()
	err = readBody(r, values)
	key = first(values, "key", "api")
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		key = token
	}
	return values, key, err
}

// readTimeToLive reads a number of seconds; 0 when there is none.
func readTimeToLive(values url.Values) (time.Duration, error) {
	text := first(values, "ttl", "Ttl")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 32)
	if err != nil || seconds <= 0 {
		return 0, fmt.Errorf("ttl %q is not a number of seconds above 0", text)
	}
	return time.Duration(seconds) * time.Second, nil
}

// first returns the first of the names that has a value.
func first(values url.Values, names ...string) string {
	for _, name := range names {
		if value := values.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// readBody adds what a POST carries, before what the URL says.
func readBody(r *http.Request, values url.Values) error {
	if r.Method != http.MethodPost {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return errors.New("the form cannot be read")
		}
		for name := range r.PostForm {
			values.Set(name, r.PostForm.Get(name))
		}
	case "application/json":
		var object map[string]any
		decoder := json.NewDecoder(r.Body)
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			return errors.New("the body is not a JSON object")
		}
		for name, value := range object {
			switch value.(type) {
			case string, json.Number:
				values.Set(name, fmt.Sprint(value))
			}
		}
	}
	return nil
}
