package tlsconf

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// protocolACME is the ALPN name of a tls-alpn-01 challenge, RFC 8737.
const protocolACME = "acme-tls/1"

// ACME says which certificates to get from an authority, RFC 8555.
type ACME struct {
	// Domains are the names to get a certificate for, one each.
	Domains []string
	// Email is where the authority can write to; it may be empty.
	Email string
	// Directory is the URL of the authority.
	Directory string
	// RootsFile holds, in PEM, the roots to trust when talking to the
	// authority; empty trusts those of the system.
	RootsFile string
	// Storage is the directory that keeps account, keys and certificates.
	Storage string
	// IsHTTP proves control of a domain by http-01 instead of tls-alpn-01.
	IsHTTP bool
	// Challenge is where the authority's connections arrive: port 443 of the
	// domain, or port 80 for http-01. A TLS listener of this server that has
	// the address already answers tls-alpn-01 itself; otherwise the address is
	// listened on while a challenge is open.
	Challenge netip.AddrPort
}

// authority gets and renews the certificates of an ACME.
type authority struct {
	domains  []string
	log      *zap.Logger
	cache    *certmagic.Cache
	manager  *certmagic.Config
	failures atomic.Uint64
}

func newAuthority(cfg ACME, log *zap.Logger) (*authority, error) {
	roots, err := readRoots(cfg.RootsFile)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Storage, 0o700); err != nil {
		return nil, fmt.Errorf("open the ACME storage: %w", err)
	}
	a := &authority{domains: cfg.Domains, log: log.Named("acme")}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.manager, nil },
		Logger:           a.log,
	})
	a.manager = certmagic.New(a.cache, certmagic.Config{
		Storage:            &certmagic.FileStorage{Path: cfg.Storage},
		DefaultServerName:  cfg.Domains[0],
		FallbackServerName: cfg.Domains[0],
		OnEvent:            a.count,
		Logger:             a.log,
	})
	issuer := certmagic.ACMEIssuer{
		CA:                      cfg.Directory,
		TestCA:                  cfg.Directory,
		Email:                   cfg.Email,
		Agreed:                  true,
		TrustedRoots:            roots,
		DisableHTTPChallenge:    !cfg.IsHTTP,
		DisableTLSALPNChallenge: cfg.IsHTTP,
		AltHTTPPort:             int(cfg.Challenge.Port()),
		AltTLSALPNPort:          int(cfg.Challenge.Port()),
		Logger:                  a.log,
	}
	if host := cfg.Challenge.Addr(); !host.IsUnspecified() {
		issuer.ListenHost = host.String()
	}
	a.manager.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.manager, issuer)}
	return a, nil
}

func readRoots(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, _, err := readBounded(name)
	if err != nil {
		return nil, fmt.Errorf("read the roots of the ACME authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the roots of the ACME authority: %s holds no PEM certificate", name)
	}
	return pool, nil
}

// count is told what the library does.
func (a *authority) count(_ context.Context, event string, _ map[string]any) error {
	if event == "cert_failed" {
		a.failures.Add(1)
	}
	return nil
}

// run gets what is missing and renews what is due, until ctx is done.
func (a *authority) run(ctx context.Context) {
	if err := a.manager.ManageAsync(ctx, a.domains); err != nil && ctx.Err() == nil {
		a.failures.Add(1)
		a.log.Error("cannot manage certificates; check tls.acme and restart", zap.NamedError("err", err))
	}
	<-ctx.Done()
	a.cache.Stop()
}

// certificateFor answers challenges and handshakes.
func (a *authority) certificateFor(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	ctx := hello.Context()
	if ctx == nil { // of a handshake that crypto/tls does not run
		ctx = context.Background()
	}
	certificate, err := a.manager.GetCertificateWithContext(ctx, hello)
	if err != nil {
		return nil, errors.Join(ErrNoCertificate, err)
	}
	return certificate, nil
}

// isFor reports whether the handshake is for a domain of the authority, or is
// a challenge.
func (a *authority) isFor(hello *tls.ClientHelloInfo) bool {
	return slices.Contains(a.domains, canonical(hello.ServerName)) || slices.Contains(hello.SupportedProtos, protocolACME)
}

// stats describes the certificates that there are.
func (a *authority) stats() []CertificateStats {
	var stats []CertificateStats
	for _, domain := range a.domains {
		for _, certificate := range a.cache.AllMatchingCertificates(domain) {
			stats = append(stats, CertificateStats{Name: domain, Expires: certificate.Leaf.NotAfter})
			break
		}
	}
	return stats
}
