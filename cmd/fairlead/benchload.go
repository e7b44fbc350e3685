package main

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/bench"
)

func newBenchLatencyCommand() *cobra.Command {
	var (
		options      bench.LatencyOptions
		coturn, file string
	)
	cmd := &cobra.Command{
		Use:   "latency",
		Short: "Measure the latency that relays add at half load",
		Long: `Find the rate at which coturn first loses 0.1 % of the packets, offer half of
it to every server, and print how much later packets arrive than over a direct
link. Each server holds many other allocations, and more come and go meanwhile.
Fairlead takes part two more times, with Go's collector running more often and
all the time. Servers run on one CPU and the load on another: it needs two.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBench(cmd, coturn, file, func(ctx context.Context, servers []bench.Spec) (benchTable, error) {
				options.Servers = append(servers, bench.FairleadTraced(version),
					bench.FairleadCollectingOften(version), bench.FairleadCollecting(version), bench.Pion())
				options.Progress = bench.ProgressTo(cmd.ErrOrStderr())
				return bench.Latency(ctx, options)
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&options.Flows, "flows", 200, "flows that share the load")
	flags.IntVar(&options.Allocations, "allocations", 16000, "live allocations beside those of the flows")
	flags.Float64Var(&options.SetUps, "set-ups", 1000, "allocations per second that come and go on each server meanwhile; 0: none")
	flags.IntVar(&options.Rounds, "rounds", 40, "how often the servers take turns")
	flags.DurationVar(&options.Slice, "slice", 250*time.Millisecond, "time of one server in one round")
	addLoadFlags(cmd, &coturn, &options.Payload, &options.CPU, &file)
	return cmd
}

func newBenchFairnessCommand() *cobra.Command {
	var (
		options      bench.FairnessOptions
		coturn, file string
	)
	cmd := &cobra.Command{
		Use:   "fairness",
		Short: "Measure what voice loses beside bulk traffic",
		Long: `Let one flow flood from its peer to its client beside many voice flows on one
worker, and then let it send from client to peer so much that all flows together
reach four fifths of what the server can carry. Print what the voice flows lost.
Servers run on one CPU and the load on another: it needs two.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBench(cmd, coturn, file, func(ctx context.Context, servers []bench.Spec) (benchTable, error) {
				options.Servers = append(servers, bench.Fairlead(version, bench.UDP), bench.Pion())
				options.Progress = bench.ProgressTo(cmd.ErrOrStderr())
				return bench.Fairness(ctx, options)
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&options.Voices, "voices", 500, "voice flows of 50 packets per second")
	flags.DurationVar(&options.Duration, "time", 10*time.Second, "time of each measurement")
	addLoadFlags(cmd, &coturn, &options.Payload, &options.CPU, &file)
	return cmd
}

// benchTable is a report of any kind.
type benchTable interface {
	WriteTable(io.Writer) error
	WriteJSON(io.Writer) error
}

// runBench measures coturn and others until a signal comes, and prints the
// report.
func runBench(cmd *cobra.Command, coturn, file string, measure func(context.Context, []bench.Spec) (benchTable, error)) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	servers, err := bench.Coturn(ctx, coturn, bench.UDP)
	if err != nil {
		return err
	}
	report, err := measure(ctx, servers)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteTable(cmd.OutOrStdout()), writeJSON(file, report))
}

// addLoadFlags adds what the measurements under load have in common.
func addLoadFlags(cmd *cobra.Command, coturn *string, payload, cpu *int, file *string) {
	flags := cmd.Flags()
	flags.StringVar(coturn, "coturn", "turnserver", "program of coturn")
	flags.IntVar(payload, "payload", bench.DefaultPayload, "bytes of each packet")
	flags.IntVar(cpu, "cpu", -1, "number of the CPU of the servers (default: the last one)")
	flags.StringVar(file, "json", "", "write the report as JSON to this file, too")
}
