//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/fairlead/fairlead/internal/testnet"
)

const (
	transferBytes = 2 << 20
	chunkBytes    = 16 << 10
	enoughPackets = 100
)

// TestWebRTC makes a call between two pion peer connections that may only use
// relayed candidates.
func TestWebRTC(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig())
	for _, server := range []netip.AddrPort{serverV4, serverV6} {
		t.Run(server.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
			defer cancel()
			credential := restCredential(testSecret, "carol", time.Now().Add(time.Hour))
			config := webrtc.Configuration{
				ICETransportPolicy: webrtc.ICETransportPolicyRelay,
				ICEServers: []webrtc.ICEServer{{
					URLs:       []string{"turn:" + server.String() + "?transport=udp"},
					Username:   credential.Name,
					Credential: credential.Password,
				}},
			}
			caller, callee := newPeerConnection(t, n, config), newPeerConnection(t, n, config)

			track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "camera")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := caller.AddTrack(track); err != nil {
				t.Fatal(err)
			}
			channel, err := caller.CreateDataChannel("transfer", nil)
			if err != nil {
				t.Fatal(err)
			}
			sent, received := sendTransfer(channel), receiveTransfer(callee)
			packets := countPackets(callee)
			connect(t, ctx, caller, callee)

			go film(ctx, track)
			if want, got := receive(t, ctx, sent), receive(t, ctx, received); got != want {
				t.Errorf("2 MB through the data channel: got hash %s, want %s", got, want)
			}
			receive(t, ctx, packets)
			for name, pc := range map[string]*webrtc.PeerConnection{"caller": caller, "callee": callee} {
				pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
				if err != nil || pair == nil || pair.Local.Typ != webrtc.ICECandidateTypeRelay || pair.Remote.Typ != webrtc.ICECandidateTypeRelay {
					t.Errorf("selected pair of the %s: got %v (error %v), want relay and relay", name, pair, err)
				}
			}
		})
	}
	s.check(t)
}

func newPeerConnection(t *testing.T, n *testnet.Net, config webrtc.Configuration) *webrtc.PeerConnection {
	t.Helper()
	var engine webrtc.SettingEngine
	engine.SetNet(newHostNet(t, n.Clients))
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(config)
	if err != nil {
		t.Fatalf("open a peer connection: %v", err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return pc
}

// connect exchanges the descriptions, each with all its candidates.
func connect(t *testing.T, ctx context.Context, caller, callee *webrtc.PeerConnection) {
	t.Helper()
	offer, err := caller.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := callee.SetRemoteDescription(gathered(t, ctx, caller, offer)); err != nil {
		t.Fatal(err)
	}
	answer, err := callee.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.SetRemoteDescription(gathered(t, ctx, callee, answer)); err != nil {
		t.Fatal(err)
	}
}

func gathered(t *testing.T, ctx context.Context, pc *webrtc.PeerConnection, d webrtc.SessionDescription) webrtc.SessionDescription {
	t.Helper()
	complete := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(d); err != nil {
		t.Fatal(err)
	}
	receive(t, ctx, complete)
	return *pc.LocalDescription()
}

// receive takes the next value of a channel in time.
func receive[T any](t *testing.T, ctx context.Context, values <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-values:
	case <-ctx.Done():
		t.Fatalf("wait for a part of the call: %v", ctx.Err())
	}
	return value
}

// sendTransfer fills the channel once it is open and tells the hash.
func sendTransfer(channel *webrtc.DataChannel) <-chan string {
	done := make(chan string, 1)
	data := make([]byte, transferBytes)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(data)
	channel.OnOpen(func() {
		for at := 0; at < len(data); at += chunkBytes {
			if err := channel.Send(data[at : at+chunkBytes]); err != nil {
				done <- err.Error()
				return
			}
		}
		done <- fmt.Sprintf("%x", sha256.Sum256(data))
	})
	return done
}

// receiveTransfer tells the hash of what arrives through the data channel.
func receiveTransfer(pc *webrtc.PeerConnection) <-chan string {
	done := make(chan string, 1)
	var data []byte
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnMessage(func(m webrtc.DataChannelMessage) {
			if data = append(data, m.Data...); len(data) >= transferBytes {
				done <- fmt.Sprintf("%x", sha256.Sum256(data))
			}
		})
	})
	return done
}

// countPackets tells when enough RTP packets of the track have arrived.
func countPackets(pc *webrtc.PeerConnection) <-chan struct{} {
	done := make(chan struct{})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for range enoughPackets {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
		}
		close(done)
	})
	return done
}

// film sends frames of random content until the context ends.
func film(ctx context.Context, track *webrtc.TrackLocalStaticSample) {
	frame := make([]byte, 3000)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{3}), frame)
	const interval = 20 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if track.WriteSample(media.Sample{Data: frame, Duration: interval}) != nil {
			return
		}
		<-ticker.C
	}
}
