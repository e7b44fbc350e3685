package config

import (
	"crypto/tls"
	"fmt"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/tlsconf"
)

// resolveCertificateFiles makes relative names start beside the file.
func (r *reader) resolveCertificateFiles(c *Config) {
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
}

// TLSConfig says which certificates are served, and from which version on.
func (c *Config) TLSConfig(log *zap.Logger) tlsconf.Config {
	cfg := tlsconf.Config{Files: c.CertificateFiles(), MinVersion: tls.VersionTLS12, Log: log}
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
