package arch_test

import (
	"slices"
	"strings"
	"testing"
)

// anything in an allowed list lifts the restriction.
const anything = "*"

// layer says what the non-test files of a package may import: from this
// module, and from third parties ("std" is always free). A package path that
// ends in "/..." covers what is below it.
type layer struct {
	own   []string
	third []string
}

// layers is the import table of docs/ARCHITECTURE.md.
var layers = map[string]layer{
	"internal/wire":     {third: []string{"github.com/pion/stun/v3"}},
	"internal/access":   {},
	"internal/bucket":   {},
	"internal/udpbatch": {third: []string{"golang.org/x/sys/unix"}},
	"internal/dtls":     {},
	"internal/stream":   {third: []string{"golang.org/x/sys/unix"}},
	"internal/priority": {third: []string{"golang.org/x/sys/unix"}},
	"internal/logging":  {third: []string{"go.uber.org/zap/..."}},
	"internal/tlsconf":  {third: []string{"go.uber.org/zap/...", "github.com/caddyserver/certmagic"}},

	"internal/dtls/handshake": {own: []string{"internal/dtls"}, third: []string{"github.com/pion/dtls/v3", "github.com/pion/logging"}},

	"authn": {own: []string{"internal/wire", "internal/bucket"}, third: []string{"golang.org/x/text/secure/precis"}},
	"authn/store": {
		own:   []string{"authn"},
		third: []string{"go.uber.org/zap/..."},
	},
	"authn/store/sqldb": {
		own: []string{"authn", "authn/store"},
		third: []string{
			"modernc.org/sqlite", "github.com/jackc/pgx/v5/...", "github.com/go-sql-driver/mysql",
		},
	},
	"authn/store/redis":    {own: []string{"authn", "authn/store"}, third: []string{"github.com/redis/go-redis/v9"}},
	"authn/store/httphook": {own: []string{"authn", "authn/store"}},
	"authn/store/jwt":      {own: []string{"authn", "authn/store"}, third: []string{"github.com/golang-jwt/jwt/v5"}},
	"quota/fleet":          {own: []string{"quota"}, third: []string{"github.com/redis/go-redis/v9", "go.uber.org/zap/..."}},
	"quota":                {own: []string{"internal/wire", "internal/bucket"}},
	"allocation":           {own: []string{"internal/wire", "internal/bucket"}, third: []string{"github.com/gaissmai/bart"}},

	"relay/fastpath": {own: []string{"internal/access", "internal/wire", "internal/bucket", "internal/udpbatch", "internal/stream", "internal/dtls"}},
	"relay": {
		own:   []string{"relay/fastpath", "internal/access", "internal/wire", "internal/bucket", "internal/udpbatch", "internal/stream", "internal/dtls", "internal/dtls/handshake", "internal/logging", "internal/priority"},
		third: []string{"golang.org/x/sys/unix", "go.uber.org/zap/...", "github.com/pires/go-proxyproto"},
	},

	"relay/tcprelay": {
		own:   []string{"internal/bucket", "internal/stream", "internal/udpbatch"},
		third: []string{"golang.org/x/sys/unix"},
	},

	"internal/server": {
		own:   []string{"authn", "quota", "allocation", "relay", "relay/fastpath", "relay/tcprelay", "internal/access", "internal/wire", "internal/bucket", "internal/logging", "internal/udpbatch", "internal/events"},
		third: []string{"go.uber.org/zap/..."},
	},
	"internal/config": {
		own:   []string{"authn", "authn/store/...", "quota", "allocation", "relay", "relay/tcprelay", "internal/access", "internal/logging", "internal/tlsconf", "internal/credentials", "internal/events", "internal/alternate"},
		third: []string{anything},
	},
	"internal/metrics": {
		own:   []string{"internal/server", "authn/store", "quota", "relay", "relay/fastpath", "internal/tlsconf", "internal/credentials", "internal/events"},
		third: []string{"github.com/prometheus/client_golang/...", "github.com/prometheus/client_model/..."},
	},
	"internal/alternate": {
		own:   []string{"internal/wire", "internal/logging"},
		third: []string{"go.uber.org/zap/..."},
	},
	"internal/admin": {
		own:   []string{"internal/logging"},
		third: []string{"go.uber.org/zap/..."},
	},
	"internal/events": {
		own:   []string{"internal/logging"},
		third: []string{"go.uber.org/zap/...", "github.com/redis/go-redis/v9"},
	},
	"internal/statefile":   {},
	"internal/turnserver":  {own: []string{"internal/config"}},
	"internal/credentials": {own: []string{"authn"}},
	"internal/httpserve":   {third: []string{"go.uber.org/zap/..."}},
	"internal/adminapi": {
		own:   []string{"authn", "internal/access", "internal/logging"},
		third: []string{"go.uber.org/zap/..."},
	},
	"bench": {
		own:   []string{"internal/wire", "internal/udpbatch", "internal/testnet", "internal/dtls", "internal/dtls/handshake"},
		third: []string{"github.com/HdrHistogram/hdrhistogram-go", "github.com/pion/turn/v4", "github.com/pion/logging", "golang.org/x/sys/unix"},
	},
	"internal/testnet": {third: []string{anything}},
	"internal/arch":    {},

	"cmd/...":                 {own: []string{anything}, third: []string{anything}},
	"internal/e2e/...":        {own: []string{anything}, third: []string{anything}},
	"internal/config/...":     {own: []string{anything}, third: []string{anything}},
	"internal/metrics/gendoc": {own: []string{"internal/metrics"}, third: []string{"github.com/prometheus/client_golang/..."}},
}

// onlyImporter names the one package that may import a library.
var onlyImporter = map[string]string{
	"github.com/spf13/viper":              "internal/config",
	"github.com/prometheus/client_golang": "internal/metrics",
	"github.com/gaissmai/bart":            "allocation",
	"golang.org/x/text":                   "authn",
	"github.com/pion/stun/v3":             "internal/wire",
	"github.com/pires/go-proxyproto":      "relay",
	"github.com/pion/dtls/v3":             "internal/dtls/handshake",
	"github.com/HdrHistogram":             "bench",
	"github.com/caddyserver/certmagic":    "internal/tlsconf",
	"modernc.org/sqlite":                  "authn/store/sqldb",
	"github.com/jackc/pgx/v5":             "authn/store/sqldb",
	"github.com/go-sql-driver/mysql":      "authn/store/sqldb",
	"github.com/golang-jwt/jwt/v5":        "authn/store/jwt",
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() {
			continue
		}
		l, ok := layerOf(f.pkg())
		if !ok {
			t.Errorf("%s: package %q stands in no layer; add it to the table here and in docs/ARCHITECTURE.md", f.path, f.pkg())
			continue
		}
		for _, path := range f.imports() {
			own, isOwn := strings.CutPrefix(path, module+"/")
			switch {
			case isOwn && !allows(l.own, own):
				t.Errorf("%s: package %s must not import %s", f.path, f.pkg(), own)
			case !isOwn && isThirdParty(path) && !allows(l.third, path):
				t.Errorf("%s: package %s must not import %s", f.path, f.pkg(), path)
			}
		}
	}
}

func TestLibraryHasOneImporter(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() || f.pkg() == "internal/testnet" || strings.HasPrefix(f.pkg(), "internal/e2e") || strings.HasPrefix(f.pkg(), "internal/metrics") {
			continue
		}
		for _, path := range f.imports() {
			for library, importer := range onlyImporter {
				if (path == library || strings.HasPrefix(path, library+"/")) && f.pkg() != importer {
					t.Errorf("%s imports %s; only %s may", f.path, path, importer)
				}
			}
		}
	}
}

func layerOf(pkg string) (layer, bool) {
	if l, ok := layers[pkg]; ok {
		return l, true
	}
	for pattern, l := range layers {
		if below, ok := strings.CutSuffix(pattern, "/..."); ok && (pkg == below || strings.HasPrefix(pkg, below+"/")) {
			return l, true
		}
	}
	return layer{}, false
}

func allows(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, deep := strings.CutSuffix(pattern, "/...")
		return pattern == anything || pattern == path || deep && (path == below || strings.HasPrefix(path, below+"/"))
	})
}

// isThirdParty reports whether the first element of the path is a host name.
func isThirdParty(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}
