package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/internal/testnet"
)

const patience = 30 * time.Second

// pair is both ends of a connection on loopback.
func pair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err = net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	if server, err = listener.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	for _, conn := range []*net.TCPConn{server, client} {
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	return server, client
}

// A ClientHello is read whole however it arrives, and the handshake begins with it
// all the same.
func TestHelloIsNotLost(t *testing.T) {
	certificate := testnet.NewCertificate(t, time.Now().Add(time.Hour), "relay.test")
	key, err := tls.X509KeyPair(certificate.Certificate, certificate.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, cut := range map[string]int{"at once": 1 << 20, "byte by byte": 1} {
		t.Run(name, func(t *testing.T) {
			server, client := pair(t)
			done := make(chan error, 1)
			go func() {
				secured := tls.Client(chopped{client, cut}, &tls.Config{
					RootCAs: certificate.Pool, ServerName: "Relay.Test", NextProtos: []string{"h2", "stun.turn"},
				})
				if err := secured.Handshake(); err != nil {
					done <- err
					return
				}
				_, err := secured.Write([]byte("ahoy"))
				done <- err
			}()
			conn := stream.New(server)
			if isTLS, err := conn.IsTLS(); err != nil || !isTLS {
				t.Fatalf("got TLS %v, error %v, want TLS", isTLS, err)
			}
			got, err := conn.Hello()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stream.Hello{ServerName: "relay.test", Protocols: []string{"h2", "stun.turn"}}, got); diff != "" {
				t.Errorf("hello differs (-want +got):\n%s", diff)
			}
			if err := conn.Handshake(t.Context(), &tls.Config{Certificates: []tls.Certificate{key}, NextProtos: []string{"stun.turn"}}); err != nil {
				t.Fatalf("shake hands after the hello was read: %v", err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := conn.Protocol(); got != "stun.turn" {
				t.Errorf("got protocol %q, want stun.turn", got)
			}
		})
	}
}

// chopped writes pieces of a size at most.
type chopped struct {
	net.Conn
	most int
}

func (c chopped) Write(b []byte) (n int, err error) {
	for piece := range slices.Chunk(b, c.most) {
		m, err := c.Conn.Write(piece)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// What is no ClientHello is an error, and is still there for the handshake; so is one
// without an end.
func TestHelloThatIsNone(t *testing.T) {
	endless := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xFF, 0xFF}, make([]byte, 0x4000-4)...)
	for name, sent := range map[string][]byte{
		"nonsense":      {22, 3, 1, 0, 4, 1, 2, 3, 4},
		"cut":           testnet.ClientHello(t, &tls.Config{InsecureSkipVerify: true})[:50],
		"a bad version": {22, 9, 9, 0, 1, 1},
		"endless":       endless,
	} {
		t.Run(name, func(t *testing.T) {
			server, client := pair(t)
			if _, err := client.Write(sent); err != nil {
				t.Fatal(err)
			}
			if err := client.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			conn := stream.New(server)
			if isTLS, err := conn.IsTLS(); err != nil || !isTLS {
				t.Fatalf("got TLS %v, error %v, want TLS", isTLS, err)
			}
			if got, err := conn.Hello(); err == nil {
				t.Errorf("got %+v, want an error", got)
			}
			if got := conn.TakeBack(); !bytes.HasPrefix(sent, got) || len(got) == 0 || len(got) > 16<<10 {
				t.Errorf("got %d bytes back, want the beginning of what was sent, 16 KiB at most", len(got))
			}
			if err := conn.Handshake(context.Background(), &tls.Config{}); err == nil {
				t.Error("got a handshake")
			}
		})
	}
}

// FuzzHello: whatever a client says first, nothing is read twice, nothing is lost and
// nothing panics.
func FuzzHello(f *testing.F) {
	for _, cfg := range []*tls.Config{
		{InsecureSkipVerify: true},
		{InsecureSkipVerify: true, ServerName: "relay.test", NextProtos: []string{"h2", "http/1.1"}},
		{InsecureSkipVerify: true, ServerName: "relay.test", MaxVersion: tls.VersionTLS12, NextProtos: []string{"stun.turn"}},
	} {
		hello := testnet.ClientHello(f, cfg)
		f.Add(hello)
		f.Add(hello[:len(hello)/2])
		f.Add(append([]byte{22, 3, 1, 0, 2}, hello[5:]...))
	}
	f.Add([]byte{22, 3, 1, 0x40, 0})
	f.Fuzz(func(t *testing.T, sent []byte) {
		if len(sent) == 0 || len(sent) > 64<<10 {
			return
		}
		server, client := pair(t)
		go func() {
			_, _ = client.Write(sent)
			_ = client.CloseWrite()
		}()
		conn := stream.New(server)
		if _, err := conn.IsTLS(); err != nil {
			t.Fatal(err)
		}
		hello, err := conn.Hello()
		got := conn.TakeBack()
		rest, readErr := io.ReadAll(server)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if !bytes.Equal(append(got, rest...), sent) {
			t.Errorf("got %d and %d bytes of %d, want all in order", len(got), len(rest), len(sent))
		}
		if len(got) > 16<<10 {
			t.Errorf("got %d bytes read for a hello, want 16 KiB at most", len(got))
		}
		if err != nil && (hello.ServerName != "" || len(hello.Protocols) > 0) {
			t.Errorf("got %+v beside error %v", hello, err)
		}
	})
}
