// Package metrics shows the counters of the server to Prometheus.
//
// Nothing is counted here: a scrape takes the Stats snapshots of the server
// and of the workers and adds them up, so counting costs the packet path
// nothing and no label can be chosen by a client. The tables in descriptor.go
// name every metric; docs/METRICS.md is generated from them.
package metrics

//go:generate go run ./gendoc ../../docs/METRICS.md
