// Package bench measures what a TURN relay costs per packet, and compares
// servers.
//
// The measure is the closed loop. A burst of F flows × K packets is sent in a
// row; when the last packet has come out at the other end, the next burst
// starts. Generator and server share one CPU, so that the time of a burst
// divided by its packets (the total) is all that was done for a packet, in
// processes and in the kernel, softirq included. The same burst over a direct
// veth is the baseline, and net = total - baseline is what the relay costs.
// Bursts over the baseline and over each server alternate in short slices, so
// that a drift of the machine meets all of them.
//
// ClosedLoop measures one server, whatever its command; Compare measures
// Fairlead, coturn and a minimal server on pion/turn/v4 in one run, and also
// what an allocation and a refused request cost. Both give a Report, which is
// the JSON output and writes the tables. Cell names one kind of burst.
//
// Clients talk UDP, TCP or TLS to the servers; the baseline is UDP in any case. The
// generator's TLS is crypto/tls on a raw socket.
//
// Latency and Fairness use an open loop instead: packets leave at fixed times
// from another CPU, whatever comes through, and the kernel stamps their arrival.
//
// A lab is three network namespaces without names: they go when the process
// goes, however it ends. It needs Linux, root and ip(8). Sockets of the
// generator are raw descriptors that one locked thread uses; between the bursts
// of a slice nothing is allocated. The generator has its own few system calls
// instead of internal/udpbatch, so that the baseline stays the same when the
// server's code changes.
package bench
