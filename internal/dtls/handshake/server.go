package handshake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	pion "github.com/pion/dtls/v3"
	"github.com/pion/logging"

	"github.com/fairlead/fairlead/internal/dtls"
)

// Server has what all handshakes have in common.
type Server struct {
	tls     *tls.Config
	options []pion.ServerOption
}

// suites are those that a Cipher can go on with, in the server's order.
var suites = []pion.CipherSuiteID{
	dtls.SuiteECDSAWithAES128, dtls.SuiteRSAWithAES128, dtls.SuiteECDSAWithAES256, dtls.SuiteRSAWithAES256,
}

// quiet logs nothing: whatever a stranger sends would choose what is logged.
var quiet = &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}

var errNoCertificate = errors.New("no certificate for this handshake")

// NewServer takes the certificates from the configuration of TLS. The protocols are
// those of ALPN (RFC 7301), one at least.
func NewServer(cfg *tls.Config, protocols []string) (*Server, error) {
	if err := checkCookieField(); err != nil {
		return nil, fmt.Errorf("prepare DTLS: %w", err)
	}
	return &Server{tls: cfg, options: []pion.ServerOption{
		pion.WithCipherSuites(suites...),
		pion.WithSupportedProtocols(protocols...),
		pion.WithLoggerFactory(quiet),
	}}, nil
}

// connect makes the library's side of a handshake.
func (s *Server) connect(h *Handshake) (*pion.Conn, error) {
	var conn *pion.Conn
	options := append(s.options[:len(s.options):len(s.options)],
		pion.WithConnectionIDGenerator(func() []byte { return h.cid[:] }),
		pion.WithGetCertificate(func(hello *pion.ClientHelloInfo) (*tls.Certificate, error) {
			h.serverName = hello.ServerName
			return s.certificateFor(hello, conn)
		}),
	)
	var err error
	conn, err = pion.ServerWithOptions(&h.link, h.link.client, options...)
	return conn, err
}

// certificateFor asks as crypto/tls would, for a client that can check whatever
// this server has.
func (s *Server) certificateFor(hello *pion.ClientHelloInfo, conn net.Conn) (*tls.Certificate, error) {
	if s.tls.GetCertificate != nil {
		asked := &tls.ClientHelloInfo{
			ServerName:        hello.ServerName,
			SupportedVersions: []uint16{tls.VersionTLS12},
			SupportedCurves:   []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
			SupportedPoints:   []uint8{0},
			SignatureSchemes:  signatureSchemes,
			Conn:              conn,
		}
		for _, suite := range hello.CipherSuites {
			asked.CipherSuites = append(asked.CipherSuites, uint16(suite))
		}
		return s.tls.GetCertificate(asked)
	}
	if len(s.tls.Certificates) == 0 {
		return nil, errNoCertificate
	}
	return &s.tls.Certificates[0], nil
}

// signatureSchemes are those by which a client of DTLS 1.2 checks certificates.
var signatureSchemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512, tls.Ed25519,
	tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512,
	tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512,
}

// Result is what a handshake has agreed on.
type Result struct {
	Keys       dtls.Keys
	ServerName string // that the client asked for, in lower case; may be empty
}

// Run waits until the handshake has ended, or ctx is done. It may be called once.
// After success Linger must follow.
func (h *Handshake) Run(ctx context.Context) (Result, error) {
	conn, err := h.server.connect(h)
	if err != nil {
		return Result{}, err
	}
	h.conn = conn
	h.link.expect = func() { setCookie(conn, h.cookie) }
	err = conn.HandshakeContext(ctx)
	if err == nil {
		var result Result
		if result, err = h.result(); err == nil {
			return result, nil
		}
	}
	h.Release()
	_ = conn.Close() // what it has to say goes nowhere
	return Result{}, err
}

// Linger repeats the end of the handshake to a client that has missed it, until
// Release, or ctx is done.
func (h *Handshake) Linger(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { h.Release() })
	defer stop()
	waste := make([]byte, 256)
	for {
		// Application data is the worker's; should some get here it must not be in
		// the way of what follows.
		if _, err := h.conn.Read(waste); err != nil {
			break
		}
	}
	<-h.link.closed
	_ = h.conn.Close()
}
