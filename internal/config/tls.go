package config

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/tlsconf"
)

// resolveCertificateFiles makes relative names start beside the file.
func (r *reader) resolveCertificateFiles(c *Config) {
	for _, name := range []*string{&c.TLS.ACME.RootsFile, &c.TLS.ACME.Storage} {
		if *name != "" {
			*name = r.beside(*name)
		}
	}
	for i := range c.TLS.Certificates {
		each := &c.TLS.Certificates[i]
		for _, name := range []*string{&each.CertificateFile, &each.KeyFile} {
			if *name != "" {
				*name = r.beside(*name)
			}
		}
	}
}

// tls checks names, not what the files hold: that changes while the server
// runs, and a reload must not fail on two files that are being replaced.
func (v *validator) tls() {
	taken := make(map[string]int)
	for i, each := range v.config.TLS.Certificates {
		path := fmt.Sprintf("tls.certificates[%d]", i)
		if each.KeyFile == "" {
			v.reject(path+".key_file", each.KeyFile, "must name the file with the private key")
		}
		if each.CertificateFile == "" {
			v.reject(path+".certificate_file", each.CertificateFile, "must name the file with the certificate chain")
			continue
		}
		if first, twice := taken[each.CertificateFile]; twice {
			v.reject(path+".certificate_file", each.CertificateFile, "stands in tls.certificates[%d] already", first)
			continue
		}
		taken[each.CertificateFile] = i
	}
	v.oneOf("tls.min_version", v.config.TLS.MinVersion, versionTLS12, versionTLS13)
	v.acme()
}

// acme checks what certificates are to be got with. Without domains none are.
func (v *validator) acme() {
	a := v.config.TLS.ACME
	for i, domain := range a.Domains {
		if _, err := netip.ParseAddr(domain); err == nil || !isHost(domain) {
			v.reject(fmt.Sprintf("tls.acme.domains[%d]", i), domain, "must be a DNS name without wildcard: only the challenges of %s and %s are known", challengeTLS, challengeHTTP)
		}
	}
	v.oneOf("tls.acme.challenge", a.Challenge, challengeTLS, challengeHTTP)
	if addr, err := parseAddressPort(a.ChallengeAddress); err != nil || addr.Port() == 0 {
		v.reject("tls.acme.challenge_address", a.ChallengeAddress, "%s", errAddressPort)
	}
	if directory, err := url.Parse(a.Directory); err != nil || directory.Scheme != "https" || directory.Host == "" {
		v.reject("tls.acme.directory", a.Directory, "must be the https URL of the authority's directory")
	}
	if a.Storage == "" {
		v.reject("tls.acme.storage", a.Storage, "must name the directory that keeps the certificates")
	}
}

// acme says which certificates to get.
func (c *Config) acme() tlsconf.ACME {
	a := c.TLS.ACME
	cfg := tlsconf.ACME{
		Email:     a.Email,
		Directory: a.Directory,
		RootsFile: a.RootsFile,
		Storage:   a.Storage,
		IsHTTP:    a.Challenge == challengeHTTP,
		Challenge: must(parseAddressPort(a.ChallengeAddress)),
	}
	for _, domain := range a.Domains {
		cfg.Domains = append(cfg.Domains, strings.ToLower(strings.TrimSuffix(domain, ".")))
	}
	return cfg
}

// TLSConfig says which certificates are served, and from which version on.
func (c *Config) TLSConfig(log *zap.Logger) tlsconf.Config {
	cfg := tlsconf.Config{Files: c.CertificateFiles(), ACME: c.acme(), MinVersion: tls.VersionTLS12, Log: log}
	if c.TLS.MinVersion == versionTLS13 {
		cfg.MinVersion = tls.VersionTLS13
	}
	return cfg
}

// CertificateFiles are the configured pairs of certificate and key.
func (c *Config) CertificateFiles() []tlsconf.Files {
	var files []tlsconf.Files
	for _, each := range c.TLS.Certificates {
		files = append(files, tlsconf.Files{Certificate: each.CertificateFile, Key: each.KeyFile})
	}
	return files
}
