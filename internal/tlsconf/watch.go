package tlsconf

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"go.uber.org/zap"
)

// lookInterval is how long a new certificate may lie on the disk unseen.
const lookInterval = 5 * time.Second

// Run follows the disk, and gets certificates by ACME, until ctx is done. Call
// it when the listeners are open: one of them may have to answer a challenge.
func (s *Store) Run(ctx context.Context) {
	if s.acme != nil {
		var group sync.WaitGroup
		group.Go(func() { s.acme.run(ctx) })
		defer group.Wait()
	}
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		s.warnOfExpiry(time.Now())
		select {
		case <-ticker.C:
			s.mu.Lock()
			s.look(false)
			s.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// look takes over what changed on the disk. A content that cannot be served is
// reported when it is still there at the next look, or at once if isAsked:
// somebody may be in the middle of replacing two files. s.mu is held.
func (s *Store) look(isAsked bool) {
	isNew := false
	for _, p := range s.pairs {
		found, err := readFiles(p.files)
		if err != nil {
			s.refuse(p, [sha256.Size]byte{}, err, isAsked)
			continue
		}
		digest := found.digest()
		if digest == p.digest {
			p.failure = ""
			continue
		}
		certificate, err := found.parse(p.files)
		if err != nil {
			s.refuse(p, digest, err, isAsked)
			continue
		}
		p.certificate, p.digest, p.failure, p.warned = certificate, digest, "", time.Time{}
		s.announce(p, found)
		isNew = true
	}
	if isNew {
		s.publish()
	}
}

// refuse keeps what is served and says so, once for each content.
func (s *Store) refuse(p *pair, digest [sha256.Size]byte, err error, isAsked bool) {
	isSame := p.refused == digest && p.failure == err.Error()
	if !isSame {
		p.refused, p.failure, p.isReported = digest, err.Error(), false
	}
	if p.isReported || !isSame && !isAsked {
		return
	}
	p.isReported = true
	s.failures.Add(1)
	s.log.Error("certificate not reloaded, the previous one stays",
		zap.String("certificate", p.files.Certificate), zap.NamedError("err", err))
}

// announce says what is served from now on.
func (s *Store) announce(p *pair, found content) {
	leaf := p.certificate.Leaf
	s.log.Info("certificate loaded", zap.String("certificate", p.files.Certificate),
		zap.Strings("names", leaf.DNSNames), zap.Time("expires", leaf.NotAfter))
	if found.isReadableByAll() {
		s.log.Warn("everybody on this machine can read the private key: chmod o-r it", zap.String("key", p.files.Key))
	}
}
