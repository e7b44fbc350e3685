package metrics

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/server"
	"github.com/fairlead/fairlead/internal/tlsconf"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Sources are the places that a scrape reads.
type Sources struct {
	// Server returns the counters of the control plane.
	Server func() server.Stats
	// Workers returns those of the data plane, in the order of the workers.
	Workers func() []fastpath.Stats
	// TLS returns the certificates in use.
	TLS func() tlsconf.Stats
	// Credentials returns the counters of the credential endpoint; nil when
	// there is none.
	Credentials func() credentials.Stats
	// Events returns the counters of those who hear about allocations.
	Events func() []events.Stats
	// Bans returns how many there are; nil when there can be none.
	Bans func() int
	// Streams returns those of connections that no worker has yet.
	Streams func() relay.StreamStats
	// DTLS returns those of handshakes of DTLS.
	DTLS func() relay.DTLSStats
	// Stores returns those of the stores of users, in their order.
	Stores func() []store.Stats
	// Version is shown as a label.
	Version string
}

// Handler answers /metrics from the sources, with the metrics of the process
// and of the Go runtime beside them.
func Handler(sources Sources) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		newCollector(sources),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// collector turns Descriptors into what Prometheus asks for.
type collector struct {
	sources Sources
	descs   []*prometheus.Desc // by index of Descriptors
}

func newCollector(sources Sources) *collector {
	c := &collector{sources: sources}
	for _, d := range Descriptors {
		c.descs = append(c.descs, prometheus.NewDesc(d.Name, d.Help, d.Labels, nil))
	}
	return c
}

// Describe is part of prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		ch <- desc
	}
}

// Collect is part of prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := snapshot{
		server: c.sources.Server(), workers: c.sources.Workers(), streams: c.sources.Streams(), dtls: c.sources.DTLS(), tls: c.sources.TLS(),
		stores: c.sources.Stores(), version: c.sources.Version,
	}
	if c.sources.Events != nil {
		s.events = c.sources.Events()
	}
	if c.sources.Credentials != nil {
		s.credentials = c.sources.Credentials()
	}
	if c.sources.Bans != nil {
		s.bans = c.sources.Bans()
	}
	s.total = sum(s.workers)
	for i, d := range Descriptors {
		d.read(&s, func(value float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(c.descs[i], d.Type, value, labels...)
		})
	}
}

// sum adds up the counters of all workers that are not shown one by one.
func sum(workers []fastpath.Stats) fastpath.Stats {
	var total fastpath.Stats
	for _, w := range workers {
		total.ToPeerPackets += w.ToPeerPackets
		total.ToPeerBytes += w.ToPeerBytes
		total.ToClientPackets += w.ToClientPackets
		total.ToClientBytes += w.ToClientBytes
		total.Notices += w.Notices
		total.NoticesTold += w.NoticesTold
		total.Segmented += w.Segmented
		total.Segments += w.Segments
		total.Refused += w.Refused
		total.Trains += w.Trains
		total.TrainPackets += w.TrainPackets
		total.Allocations += w.Allocations
		total.Permissions += w.Permissions
		total.Channels += w.Channels
		total.StreamsTCP += w.StreamsTCP
		total.StreamsTLS += w.StreamsTLS
		total.StreamsDTLS += w.StreamsDTLS
		total.HelloVerifies += w.HelloVerifies
		total.Moves += w.Moves
		for i, n := range w.Drops {
			total.Drops[i] += n
		}
		for i, n := range w.StreamsClosed {
			total.StreamsClosed[i] += n
		}
	}
	return total
}

// perWorker emits one value for each worker, labelled with its number.
func perWorker(value func(fastpath.Stats) float64) func(*snapshot, emit) {
	return func(s *snapshot, emit emit) {
		for i, w := range s.workers {
			emit(value(w), strconv.Itoa(i))
		}
	}
}
