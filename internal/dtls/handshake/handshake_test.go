package handshake_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	pion "github.com/pion/dtls/v3"

	"github.com/fairlead/fairlead/internal/dtls"
	"github.com/fairlead/fairlead/internal/dtls/handshake"
)

// Whatever client and certificate agree on, records go both ways afterwards.
func TestHandshakes(t *testing.T) {
	for kind, key := range map[string]crypto.Signer{"ECDSA": ecdsaKey(t), "RSA": rsaKey(t)} {
		pair, pool := certificate(t, key)
		suites := map[uint16]pion.CipherSuiteID{
			128: pion.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 256: pion.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		}
		if kind == "RSA" {
			suites = map[uint16]pion.CipherSuiteID{
				128: pion.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 256: pion.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			}
		}
		for bits, suite := range suites {
			for name, generator := range map[string]func() []byte{
				"none": nil, "to server": pion.OnlySendCIDGenerator(), "both ways": pion.RandomCIDGenerator(5),
			} {
				t.Run(fmt.Sprintf("%s/bits=%d/cid=%s", kind, bits, name), func(t *testing.T) {
					e := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}})
					options := []pion.ClientOption{pion.WithCipherSuites(suite)}
					if generator != nil {
						options = append(options, pion.WithConnectionIDGenerator(generator))
					}
					conn, err := e.dial(pool, options...)
					if err != nil {
						t.Fatal(err)
					}
					for i := range 20 {
						wantEcho(t, conn, fmt.Sprintf("datagram %d", i))
					}
					e.mu.Lock()
					defer e.mu.Unlock()
					if e.result.ServerName != "relay.test" || e.result.Keys.HasCID != (generator != nil) {
						t.Errorf("got %q, connection ID %v", e.result.ServerName, e.result.Keys.HasCID)
					}
				})
			}
		}
	}
}

// A client that misses the end of the handshake gets it again, and data that was
// sealed meanwhile does not share a number with it.
func TestEndOfHandshakeIsRepeated(t *testing.T) {
	pair, pool := certificate(t, ecdsaKey(t))
	lost := 0
	e := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, func(e *echo) {
		e.lose = func(datagram []byte) bool {
			if dtls.Renumber(datagram, 0) == 0 || lost == 3 { // nothing sealed in it
				return false
			}
			lost++
			return true
		}
	})
	conn, err := e.dial(pool, pion.WithFlightInterval(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, conn, "after all")
	wantEcho(t, conn, "and again")
	e.mu.Lock()
	defer e.mu.Unlock()
	if lost != 3 {
		t.Errorf("lost %d datagrams, want 3", lost)
	}
	if next := e.handshake.Release(); next < 4 {
		t.Errorf("got number %d after 4 ends of the handshake, want a higher one", next)
	}
}

// The certificate follows the name that the client asks for, at each handshake.
func TestCertificateByName(t *testing.T) {
	pair, pool := certificate(t, ecdsaKey(t))
	var asked []string
	cfg := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		asked = append(asked, hello.ServerName)
		if hello.SupportsCertificate(&pair) != nil || hello.Conn.RemoteAddr() == nil {
			return nil, errors.New("not what crypto/tls would ask")
		}
		return &pair, nil
	}}
	e := serve(t, cfg)
	conn, err := e.dial(pool)
	if err != nil {
		t.Fatal(err)
	}
	wantEcho(t, conn, "hello")
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(asked) != 1 || asked[0] != "relay.test" {
		t.Errorf("asked for %q, want relay.test", asked)
	}
}

// What does not fit is refused, and the handshake ends with an error.
func TestHandshakesThatFail(t *testing.T) {
	pair, pool := certificate(t, ecdsaKey(t))
	for name, test := range map[string]struct {
		cfg    *tls.Config
		option pion.ClientOption
	}{
		"no suite in common": {&tls.Config{Certificates: []tls.Certificate{pair}}, pion.WithCipherSuites(pion.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA)},
		"another protocol":   {&tls.Config{Certificates: []tls.Certificate{pair}}, pion.WithSupportedProtocols("h2")},
		"no certificate":     {&tls.Config{}, pion.WithMTU(1200)},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, test.cfg)
			if _, err := e.dial(pool, test.option); err == nil {
				t.Error("the client gets a connection, want an error")
			}
			<-e.begun
			deadline := time.Now().Add(patience)
			for failed := false; !failed; time.Sleep(time.Millisecond) {
				e.mu.Lock()
				failed = e.err != nil
				e.mu.Unlock()
				if time.Now().After(deadline) {
					t.Fatal("the server's side has not failed")
				}
			}
		})
	}
}

// The client of measurements gets a cipher of its own side.
func TestDial(t *testing.T) {
	pair, _ := certificate(t, ecdsaKey(t))
	e := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	conn, err := net.Dial("udp4", e.socket.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cipher, err := handshake.Dial(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{"one", "two"} {
		room := make([]byte, len(payload)+cipher.Overhead())
		copy(room[cipher.Prefix():], payload)
		if _, err := conn.Write(cipher.Seal(room, dtls.TypeApplicationData, len(payload))); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2000)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := dtls.ParseRecord(b[:n])
		at, size, _, _, ok := cipher.Open(b[:n], &r)
		if !ok || string(b[at:at+size]) != payload {
			t.Errorf("got %q back, %v, want %q", b[at:at+size], ok, payload)
		}
	}
}

// A client of an older version hears why it is refused, by a record whose number is
// not that of the HelloVerifyRequest before.
func TestOldVersionIsRefused(t *testing.T) {
	server, err := handshake.NewServer(&tls.Config{}, []string{"stun.turn"})
	if err != nil {
		t.Fatal(err)
	}
	hello := unfinishedHello()
	hello[26] = 0xFF // DTLS 1.0
	sent := make(chan []byte, 100)
	h, err := server.New(handshake.Client{Address: clientAddress, Hello: hello}, func(d []byte) { sent <- d })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Run(t.Context()); err == nil {
		t.Error("got no error, want one")
	}
	const protocolVersion = 70
	alert := <-sent
	if r, ok := dtls.ParseRecord(alert); !ok || r.Type != dtls.TypeAlert || r.Sequence != 1 || alert[len(alert)-1] != protocolVersion {
		t.Errorf("got % x, want alert %d by number 1", alert, protocolVersion)
	}
}

// A handshake that the client leaves in the middle ends with its context, or by
// Release, and takes only so much until then.
func TestUnfinishedHandshake(t *testing.T) {
	pair, _ := certificate(t, ecdsaKey(t))
	server, err := handshake.NewServer(&tls.Config{Certificates: []tls.Certificate{pair}}, []string{"stun.turn"})
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(h *handshake.Handshake, cancel func()){
		"context": func(_ *handshake.Handshake, cancel func()) { cancel() },
		"release": func(h *handshake.Handshake, _ func()) { h.Release() },
	} {
		t.Run(name, func(t *testing.T) {
			sent := make(chan []byte, 100)
			h, err := server.New(handshake.Client{Address: clientAddress, Hello: unfinishedHello()}, func(d []byte) { sent <- d })
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := h.Run(ctx)
				done <- err
			}()
			<-sent // the answer of the server to the ClientHello
			junk := make([]byte, 1000)
			taken := 0
			for range 1000 {
				if h.Deliver(junk) {
					taken += len(junk)
				}
			}
			if taken > 64<<10 {
				t.Errorf("took %d bytes of an unfinished handshake", taken)
			}
			end(h, cancel)
			if err := <-done; err == nil {
				t.Error("got no error, want one")
			}
			if h.Deliver(junk) {
				t.Error("took a datagram after the end")
			}
		})
	}
	if _, err := server.New(handshake.Client{Address: clientAddress, Hello: []byte("no ClientHello")}, nil); err == nil {
		t.Error("began a handshake with what is no ClientHello")
	}
}
