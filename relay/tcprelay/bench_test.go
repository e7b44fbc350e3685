package tcprelay_test

import (
	"io"
	"testing"
)

// BenchmarkCopy moves payload through one pair of data connections over loopback,
// both ends of both in this process.
func BenchmarkCopy(b *testing.B) {
	f := start(b)
	client, peer := f.joined()
	payload := randomBytes(1 << 20)
	go io.Copy(io.Discard, peer)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		write(b, client, payload)
	}
	client.Close()
	peer.Close()
}
