package handshake

import (
	"context"
	"net"
	"sync"
	"time"

	pion "github.com/pion/dtls/v3"

	"github.com/fairlead/fairlead/internal/dtls"
)

// Dial shakes hands as a client that takes any certificate, for measurements: with
// AES-128, whatever the server prefers, so that all measure the same. conn is a
// connected socket and stays the caller's. It returns a cipher of the client's side.
func Dial(ctx context.Context, conn net.Conn) (*dtls.Cipher, error) {
	l := &clientLink{conn: conn}
	client, err := pion.ClientWithOptions(l, conn.RemoteAddr(),
		pion.WithCipherSuites(dtls.SuiteECDSAWithAES128, dtls.SuiteRSAWithAES128), pion.WithInsecureSkipVerify(true), pion.WithLoggerFactory(quiet))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	next := l.mute()
	e, err := export(client)
	if err != nil {
		return nil, err
	}
	cipher, err := dtls.NewClientCipher(&dtls.Keys{
		Suite: e.CipherSuiteID, MasterSecret: e.MasterSecret, ClientRandom: e.LocalRandom, ServerRandom: e.RemoteRandom,
	})
	if err == nil {
		cipher.Start(next)
	}
	return cipher, err
}

// clientLink is a connected socket as the library wants it.
type clientLink struct {
	conn net.Conn

	mu    sync.Mutex
	next  uint64 // after the last record sealed; guarded by mu
	muted bool   // guarded by mu
}

// mute lets nothing pass any more. It returns the number of the first record that may
// be sealed with the same keys.
func (l *clientLink) mute() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.muted = true
	return l.next
}

// ReadFrom is part of net.PacketConn.
func (l *clientLink) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := l.conn.Read(b)
	return n, l.conn.RemoteAddr(), err
}

// WriteTo is part of net.PacketConn.
func (l *clientLink) WriteTo(b []byte, _ net.Addr) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.muted {
		return len(b), nil
	}
	l.next = max(l.next, dtls.Renumber(b, 0))
	return l.conn.Write(b)
}

// Close is part of net.PacketConn. The socket stays open.
func (l *clientLink) Close() error { return nil }

// LocalAddr is part of net.PacketConn.
func (l *clientLink) LocalAddr() net.Addr { return l.conn.LocalAddr() }

// SetDeadline is part of net.PacketConn.
func (l *clientLink) SetDeadline(t time.Time) error { return l.conn.SetDeadline(t) }

// SetReadDeadline is part of net.PacketConn.
func (l *clientLink) SetReadDeadline(t time.Time) error { return l.conn.SetReadDeadline(t) }

// SetWriteDeadline is part of net.PacketConn.
func (l *clientLink) SetWriteDeadline(t time.Time) error { return l.conn.SetWriteDeadline(t) }
