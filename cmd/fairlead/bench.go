package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/bench"
)

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what a relay costs per packet (Linux, root)",
		Args:  cobra.NoArgs,
		RunE:  showHelp,
	}
	cmd.AddCommand(newBenchClosedLoopCommand(), newBenchCompareCommand(),
		newBenchLatencyCommand(), newBenchFairnessCommand(), newBenchPionServerCommand())
	return cmd
}

func newBenchClosedLoopCommand() *cobra.Command {
	var (
		options            bench.ClosedLoopOptions
		command, transport string
		cells              []string
		file               string
	)
	cmd := &cobra.Command{
		Use:   "closedloop",
		Short: "Measure one server, Fairlead or any other",
		Long: `Build three hosts out of network namespaces, start a server on the middle one,
and measure the net cost of a relayed packet: bursts through the server and
bursts over a direct link alternate on one CPU, and the difference is what the
relay costs, all of its work in the kernel included.

A cell names one kind of burst: up (client to peer) or down, F flows and K
packets in a row on each; train lets the sender use UDP_SEGMENT and the receiver
UDP_GRO.

The command of the server is for /bin/sh. It may contain
  {` + strings.Join(bench.Placeholders(), "} {") + `}
and has to serve TURN over the transport of the clients, with the long-term
credential or without any:

  fairlead bench closedloop --server 'turnserver -n --no-cli -m 1 \
    --listening-ip {listen} --listening-port {port} --relay-ip {relay} \
    --lt-cred-mech --user {user}:{password} --realm {realm} --log-file stdout'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			var err error
			if options.Transport, options.Cells, err = parseTransportAndCells(transport, cells, cmd.Flags().Changed("cells")); err != nil {
				return err
			}
			options.Server = bench.Fairlead(version, options.Transport)
			if command != "" {
				options.Server = bench.Spec{Name: "server", Command: command}
			}
			options.Progress = bench.ProgressTo(cmd.ErrOrStderr())
			report, err := bench.ClosedLoop(ctx, options)
			if err != nil {
				return err
			}
			return errors.Join(report.WriteCells(cmd.OutOrStdout()), writeJSON(file, report), report.Err())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&command, "server", "", "command of the server (default: this binary)")
	flags.DurationVar(&options.Duration, "time", 2*time.Second, "time for each cell")
	addBenchFlags(cmd, &transport, &cells, &options.Payload, &options.CPU, &file)
	return cmd
}

func newBenchCompareCommand() *cobra.Command {
	var (
		options           bench.CompareOptions
		coturn, transport string
		cells             []string
		file              string
	)
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare Fairlead with coturn and with pion/turn",
		Long: `Measure coturn, Fairlead and a minimal server on pion/turn in one run, taking
turns, and print what each costs and the ratio to coturn: net ns per packet,
resident bytes and CPU time per allocation, CPU time per answer 401. Ratios of
one run can be trusted, figures of different runs or machines cannot be compared.

When turnserver knows --multiplex-peer and --udp-gso it takes part a second
time, with them. For clients on TCP, TLS or DTLS only cells are measured,
and for TLS and DTLS pion/turn takes no part.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			var err error
			if options.Transport, options.Cells, err = parseTransportAndCells(transport, cells, cmd.Flags().Changed("cells")); err != nil {
				return err
			}
			if options.Servers, err = bench.Coturn(ctx, coturn, options.Transport); err != nil {
				return err
			}
			options.Servers = append(options.Servers, bench.Fairlead(version, options.Transport))
			if options.Transport == bench.UDP || options.Transport == bench.TCP {
				options.Servers = append(options.Servers, bench.Pion())
			}
			if options.Transport != bench.UDP && !cmd.Flags().Changed("allocations") {
				options.Allocations = 0
			}
			options.Progress = bench.ProgressTo(cmd.ErrOrStderr())
			report, err := bench.Compare(ctx, options)
			if err != nil {
				return err
			}
			return errors.Join(report.WriteComparison(cmd.OutOrStdout()), writeJSON(file, report), report.Err())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&coturn, "coturn", "turnserver", "program of coturn")
	flags.IntVar(&options.Rounds, "rounds", 10, "how often the servers take turns in each cell")
	flags.DurationVar(&options.Slice, "slice", 100*time.Millisecond, "time of one server in one round")
	flags.IntVar(&options.Allocations, "allocations", 2000, "allocations for the costs of control; 0 leaves these out")
	flags.DurationVar(&options.Rest, "rest", 10*time.Second, "time after which the memory of the allocations is read")
	addBenchFlags(cmd, &transport, &cells, &options.Payload, &options.CPU, &file)
	return cmd
}

// addBenchFlags adds what both measurements have in common.
func addBenchFlags(cmd *cobra.Command, transport *string, cells *[]string, payload, cpu *int, file *string) {
	var all []string
	for _, c := range bench.DefaultCells() {
		all = append(all, c.String())
	}
	flags := cmd.Flags()
	flags.StringSliceVar(cells, "cells", all, "kinds of bursts")
	flags.StringVar(transport, "client-transport", string(bench.UDP), "how clients talk to the server: udp, tcp, tls or dtls; the baseline always is UDP")
	flags.IntVar(payload, "payload", bench.DefaultPayload, "bytes of each packet")
	flags.IntVar(cpu, "cpu", -1, "number of the CPU to measure on (default: the last one)")
	flags.StringVar(file, "json", "", "write the report as JSON to this file, too")
}

// parseTransportAndCells leaves trains out of the default cells where the
// transport has none.
func parseTransportAndCells(transport string, texts []string, areChosen bool) (bench.Transport, []bench.Cell, error) {
	t, err := bench.ParseTransport(transport)
	if err != nil {
		return "", nil, fmt.Errorf("--client-transport: %w", err)
	}
	cells, err := parseCells(texts)
	if t != bench.UDP && !areChosen {
		cells = slices.DeleteFunc(cells, func(c bench.Cell) bool { return c.Train })
	}
	return t, cells, err
}

func parseCells(texts []string) ([]bench.Cell, error) {
	var cells []bench.Cell
	for _, text := range texts {
		c, err := bench.ParseCell(text)
		if err != nil {
			return nil, err
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// writeJSON writes the report to a file; without a name it does nothing.
func writeJSON(name string, report interface{ WriteJSON(io.Writer) error }) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(report.WriteJSON(file), file.Close())
}
