package tlsconf

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
)

// Store holds the certificates and gives each handshake the right one.
type Store struct {
	log  *zap.Logger
	tls  *tls.Config
	acme *authority // nil without domains

	mu    sync.Mutex
	pairs []*pair // guarded by mu

	current  atomic.Pointer[choice]
	failures atomic.Uint64 // contents of the disk that could not be served
}

// Open reads every pair. The error names all files that cannot be served; then
// there is no Store.
func Open(cfg Config) (*Store, error) {
	s := &Store{log: cfg.Log.Named("tls")}
	s.tls = &tls.Config{
		MinVersion:     cfg.minVersion(),
		NextProtos:     []string{ProtocolTURN, ProtocolNATDiscovery},
		GetCertificate: s.certificateFor,
	}
	prepared, err := s.Prepare(cfg.Files)
	if err != nil {
		return nil, err
	}
	s.Serve(prepared)
	if len(cfg.ACME.Domains) > 0 {
		authority, err := newAuthority(cfg.ACME, s.log)
		if err != nil {
			return nil, fmt.Errorf("prepare TLS: %w", err)
		}
		s.acme = authority
		s.tls.NextProtos = append(s.tls.NextProtos, protocolACME)
	}
	return s, nil
}

// Check reports what is wrong with pairs of files, without serving them.
func Check(files []Files) error {
	var problems []error
	for _, each := range files {
		if _, _, err := readPair(each); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// TLS is the configuration for servers. It follows the Store, is the same at
// every call and must not be changed.
func (s *Store) TLS() *tls.Config { return s.tls }

// Prepared is what Prepare has read. The zero value has no certificate.
type Prepared struct {
	pairs []*pair
	fresh []freshPair
}

// freshPair is a pair that was not served when it was read.
type freshPair struct {
	pair  *pair
	found content
}

// Prepare reads other files, for Serve. A pair that is served already keeps its
// certificate while its files hold nothing better; any other pair must be good. The
// error names all files that are not.
func (s *Store) Prepare(files []Files) (Prepared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(true)
	var problems []error
	var p Prepared
	for _, each := range files {
		if i := slices.IndexFunc(s.pairs, func(p *pair) bool { return p.files == each }); i >= 0 {
			p.pairs = append(p.pairs, s.pairs[i])
			continue
		}
		read, found, err := readPair(each)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		p.pairs = append(p.pairs, read)
		p.fresh = append(p.fresh, freshPair{read, found})
	}
	if err := errors.Join(problems...); err != nil {
		return Prepared{}, fmt.Errorf("prepare TLS: %w", err)
	}
	return p, nil
}

// Serve serves what was prepared, and nothing else, from now on.
func (s *Store) Serve(p Prepared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range p.fresh {
		s.announce(each.pair, each.found)
	}
	s.pairs = p.pairs
	s.publish()
}

// publish lets handshakes see what s.pairs holds.
func (s *Store) publish() { s.current.Store(newChoice(s.pairs)) }

// certificateFor is tls.Config.GetCertificate.
func (s *Store) certificateFor(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c := s.current.Load()
	isChallenge := slices.Equal(hello.SupportedProtos, []string{protocolACME})
	if certificate := suited(hello, c.named(hello.ServerName)); certificate != nil && !isChallenge {
		return certificate, nil
	}
	switch {
	case s.acme != nil && (s.acme.isFor(hello) || c.first == nil):
		return s.acme.certificateFor(hello)
	case c.first != nil:
		return c.first, nil
	}
	return nil, ErrNoCertificate
}
