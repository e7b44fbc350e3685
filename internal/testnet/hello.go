package testnet

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// helloTimeout bounds how long a client may take to say something.
const helloTimeout = 30 * time.Second

// ClientHello returns the first record of a TLS client.
func ClientHello(t testing.TB, cfg *tls.Config) []byte {
	t.Helper()
	server, client := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = tls.Client(client, cfg).Handshake() // which ends with the pipe
	}()
	defer func() { <-ended }()
	defer server.Close()
	if err := server.SetReadDeadline(time.Now().Add(helloTimeout)); err != nil {
		t.Fatalf("read a ClientHello: %v", err)
	}
	const header = 5 // RFC 8446 section 5.1
	record := make([]byte, header, 4096)
	if _, err := io.ReadFull(server, record); err != nil {
		t.Fatalf("read a ClientHello: %v", err)
	}
	record = append(record, make([]byte, int(record[3])<<8|int(record[4]))...)
	if _, err := io.ReadFull(server, record[header:]); err != nil {
		t.Fatalf("read a ClientHello: %v", err)
	}
	return record
}
