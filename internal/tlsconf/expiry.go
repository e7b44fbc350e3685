package tlsconf

import (
	"crypto/x509"
	"time"

	"go.uber.org/zap"
)

const (
	// warnBefore is how long before the end of a certificate the log says so:
	// time to find out why nobody renewed it.
	warnBefore = 21 * 24 * time.Hour
	// warnAgain is how often.
	warnAgain = 24 * time.Hour
)

// Stats is a snapshot for metrics.
type Stats struct {
	// Certificates are those that are served, in the order of the
	// configuration.
	Certificates []CertificateStats
	// Failures counts contents of the disk that could not be served, and
	// attempts to get a certificate by ACME that came to nothing.
	Failures uint64
}

// CertificateStats describes one certificate.
type CertificateStats struct {
	// Name is the certificate file, or the domain of an ACME certificate.
	Name string
	// Expires is when clients stop accepting it.
	Expires time.Time
}

// Stats returns a snapshot.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Failures: s.failures.Load()}
	for _, p := range s.pairs {
		stats.Certificates = append(stats.Certificates, CertificateStats{p.files.Certificate, p.certificate.Leaf.NotAfter})
	}
	if s.acme != nil {
		stats.Certificates = append(stats.Certificates, s.acme.stats()...)
		stats.Failures += s.acme.failures.Load()
	}
	return stats
}

// warnOfExpiry logs, once a day, the certificates that are about to expire.
func (s *Store) warnOfExpiry(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pairs {
		leaf := p.certificate.Leaf
		if leaf.NotAfter.Sub(now) > lastDays(leaf) || now.Sub(p.warned) < warnAgain {
			continue
		}
		p.warned = now
		text := "certificate is about to expire: renew it"
		if now.After(leaf.NotAfter) {
			text = "certificate has expired, clients refuse it: renew it"
		}
		s.log.Warn(text, zap.String("certificate", p.files.Certificate), zap.Time("expires", leaf.NotAfter))
	}
}

// lastDays is the end of a certificate's life, in which it should have been
// renewed: 21 days, or the last third of a shorter life than nine weeks.
func lastDays(leaf *x509.Certificate) time.Duration {
	return min(warnBefore, leaf.NotAfter.Sub(leaf.NotBefore)/3)
}
