//go:build e2e

package e2e

import (
	"embed"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// callTimeout bounds a call with the start of the browser before it.
const callTimeout = 60 * time.Second

// page is what the browser loads.
//
//go:embed browser/*.html browser/call.js browser/mesh.js
var page embed.FS

// iceServers is the list that a web page gives to RTCPeerConnection, and the
// object that `fairlead serve --dev` prints.
type iceServers struct {
	ICEServers []iceServer `json:"iceServers"`
}

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// call is what the page reports of a finished call.
type call struct {
	SentHash, ReceivedHash    string
	FramesDecoded, FrameWidth int
	Pairs                     []candidatePair // selected by caller and callee
	Errors                    []string
}

type candidatePair struct {
	Local, Remote               string // candidate types
	Protocol                    string // between client and TURN server
	LocalAddress, RemoteAddress string
}

// The browsers, as browser/run.js names them.
const (
	chromium = "chromium"
	firefox  = "firefox"
)

// browserCall makes the call of browser/call.js in Chromium on the host, with
// a page served on that host's loopback.
func browserCall(t *testing.T, host *testnet.Namespace, servers iceServers) call {
	t.Helper()
	return callIn(t, chromium, host, servers)
}

// callIn is browserCall in any browser.
func callIn(t *testing.T, browser string, host *testnet.Namespace, servers iceServers) call {
	t.Helper()
	output := inBrowser(t, browser, host, "call.html", servers)
	var result call
	if err := json.Unmarshal([]byte(output), &result); err != nil {
		t.Fatalf("call in the browser: %v in %q", err, output)
	}
	return result
}

// inBrowser opens one of the pages, which finds the servers beside it, and
// returns its result as JSON.
func inBrowser(t *testing.T, browser string, host *testnet.Namespace, name string, servers any) string {
	t.Helper()
	listener := host.ListenTCP(t, netip.MustParseAddrPort("127.0.0.1:0"))
	mux := http.NewServeMux()
	mux.Handle("GET /browser/", http.FileServerFS(page))
	mux.HandleFunc("GET /browser/ice-servers.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(servers)
	})
	web := &http.Server{Handler: mux}
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() { _ = web.Close() })

	// A process namespace of its own, so that no part of the browser outlives
	// the test.
	p := testnet.Start(t, host.Command(t.Context(), "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
		"node", "browser/run.js", "http://"+listener.Addr().String()+"/browser/"+name, browser))
	if code := p.Wait(t, callTimeout); code != 0 {
		t.Fatalf("%s in the browser: got exit code %d, want 0\n%s", name, code, p.Output())
	}
	return p.Stdout()
}

// check fails the test unless the call was whole and all of it relayed by
// clients on one of the transports.
func (c call) check(t *testing.T, transports ...string) {
	t.Helper()
	if c.SentHash == "" || c.SentHash != c.ReceivedHash {
		t.Errorf("2 MB through the data channel: got hash %q, want %q", c.ReceivedHash, c.SentHash)
	}
	if c.FramesDecoded < 30 || c.FrameWidth == 0 {
		t.Errorf("video: got %d frames of width %d, want at least 30 frames", c.FramesDecoded, c.FrameWidth)
	}
	if len(c.Pairs) != 2 {
		t.Fatalf("selected pairs: got %v, want two", c.Pairs)
	}
	for _, pair := range c.Pairs {
		if pair.Local != "relay" || pair.Remote != "relay" || !slices.Contains(transports, pair.Protocol) {
			t.Errorf("selected pair: got %+v, want relay and relay over one of %s", pair, transports)
		}
	}
	if len(c.Errors) > 0 {
		t.Errorf("errors in the page: got %q, want none", c.Errors)
	}
}
