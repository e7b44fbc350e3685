//go:build e2e

package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/bench"
)

// serverArgument makes this test binary a server on pion/turn: what
// "fairlead bench pion-server" is, without building Fairlead.
const serverArgument = "serve-pion"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == serverArgument {
		server := bench.PionServer{
			Listen:  netip.MustParseAddrPort(os.Args[2]),
			Relay:   netip.MustParseAddr(os.Args[3]),
			MinPort: 10000, MaxPort: 65535,
			User: "bench", Password: "bench-password", Realm: "bench.test",
		}
		fmt.Fprintln(os.Stderr, server.Run(context.Background()))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestClosedLoop(t *testing.T) {
	cells := []bench.Cell{
		{Direction: bench.ToPeer, Flows: 4, Packets: 8},
		{Direction: bench.ToClient, Flows: 1, Packets: 16, Train: true},
	}
	report, err := bench.ClosedLoop(t.Context(), bench.ClosedLoopOptions{
		Server:   bench.Spec{Name: "pion", Command: "{executable} " + serverArgument + " {listen}:{port} {relay}"},
		Cells:    cells,
		Duration: 200 * time.Millisecond,
		Payload:  bench.DefaultPayload,
		CPU:      -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	if len(report.Cells) != len(cells) {
		t.Fatalf("cells: got %d, want %d", len(report.Cells), len(cells))
	}
	for i, m := range report.Cells {
		if m.Cell != cells[i] || m.Server != "pion" {
			t.Errorf("measurement %d: got %s of %s, want %s of pion", i, m.Cell, m.Server, cells[i])
		}
		// A packet that crosses two hosts and a relay cannot be cheaper than
		// one that crosses a veth, and takes no millisecond.
		if m.BaselineNs <= 0 || m.NetNs <= 0 || m.TotalNs > 1e6 || len(m.NetRoundsNs) == 0 {
			t.Errorf("%s: got baseline %.0f, net %.0f, total %.0f ns and %d rounds", m.Cell, m.BaselineNs, m.NetNs, m.TotalNs, len(m.NetRoundsNs))
		}
	}
}

// TestClosedLoopOverStreams measures clients on TCP, TLS and DTLS with the server that
// all were made for first.
func TestClosedLoopOverStreams(t *testing.T) {
	for _, transport := range []bench.Transport{bench.TCP, bench.TLS, bench.DTLS} {
		t.Run(string(transport), func(t *testing.T) {
			servers, err := bench.Coturn(t.Context(), "turnserver", transport)
			if err != nil {
				t.Fatal(err)
			}
			cells := []bench.Cell{
				{Direction: bench.ToPeer, Flows: 4, Packets: 8},
				{Direction: bench.ToClient, Flows: 2, Packets: 4},
			}
			report, err := bench.ClosedLoop(t.Context(), bench.ClosedLoopOptions{
				Server: servers[0], Transport: transport, Cells: cells,
				Duration: 200 * time.Millisecond, Payload: 101, CPU: -1, // padded
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Cells) != len(cells) || report.Transport != transport {
				t.Fatalf("got %d cells over %q, want %d over %q", len(report.Cells), report.Transport, len(cells), transport)
			}
			for _, m := range report.Cells {
				if m.Bursts == 0 || m.NetNs <= 0 {
					t.Errorf("%s: got %d bursts and net %.0f ns, want some that cost more than the baseline", m.Cell, m.Bursts, m.NetNs)
				}
			}
		})
	}
}

func TestClosedLoopShowsWhyAServerDidNotStart(t *testing.T) {
	_, err := bench.ClosedLoop(t.Context(), bench.ClosedLoopOptions{
		Server:   bench.Spec{Name: "broken", Command: "echo no such ocean >&2; exit 3"},
		Cells:    bench.DefaultCells()[:1],
		Duration: 200 * time.Millisecond,
		Payload:  bench.DefaultPayload,
		CPU:      -1,
	})
	if err == nil || !strings.Contains(err.Error(), "no such ocean") {
		t.Errorf("got %v, want an error with the last words of the server", err)
	}
}

func TestCompare(t *testing.T) {
	spec := bench.Spec{Name: "pion", Command: "{executable} " + serverArgument + " {listen}:{port} {relay}"}
	other := spec
	other.Name = "pion again"
	report, err := bench.Compare(t.Context(), bench.CompareOptions{
		Servers:     []bench.Spec{spec, other},
		Cells:       []bench.Cell{{Direction: bench.ToPeer, Flows: 1, Packets: 1}},
		Rounds:      5,
		Slice:       10 * time.Millisecond,
		Payload:     bench.DefaultPayload,
		CPU:         -1,
		Allocations: 100,
		Rest:        100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Costs) != 2 {
		t.Fatalf("costs: got %d, want those of 2 servers", len(report.Costs))
	}
	for _, c := range report.Costs {
		if c.SetupNs.Median < 1e3 || c.SetupNs.Median > 1e8 || c.UnauthenticatedNs.Median < 100 || c.UnauthenticatedLosses != 0 {
			t.Errorf("%s: got set-up %v ns, answer %v ns, %v lost", c.Server, c.SetupNs, c.UnauthenticatedNs, c.UnauthenticatedLosses)
		}
	}
	var text bytes.Buffer
	if err := report.WriteComparison(&text); err != nil || !strings.Contains(text.String(), "ratio to pion") {
		t.Errorf("comparison: got error %v and\n%s", err, text.String())
	}
}
