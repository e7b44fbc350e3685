package main

import (
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/relay"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// engineConfig is what the data plane is opened with: its sockets, and how each
// worker reaches the control plane.
func (i *instance) engineConfig(cfg *config.Config) relay.Config {
	return relay.Config{
		Workers:            cfg.WorkerCount(),
		Listeners:          append(datagramListeners(cfg), cfg.DiscoveryListeners()...),
		Proxies:            datagramProxies(cfg),
		Streams:            i.streamConfig(cfg),
		DTLS:               i.dtlsConfig(cfg),
		Clients:            i.clients,
		ReceiveBufferBytes: cfg.Sockets.ReceiveBufferBytes,
		SendBufferBytes:    cfg.Sockets.SendBufferBytes,
		Freebind:           cfg.Sockets.Freebind,
		GSO:                switches[cfg.Sockets.GSO],
		GRO:                switches[cfg.Sockets.GRO],
		LocalAddresses:     i.addresses,
		Aliases:            i.server.Aliases(),
		AddressesChanged:   i.server.AddressesChanged,
		Worker:             func(id int) fastpath.Config { return i.workerConfig(cfg, id) },
	}
}

// workerConfig joins one worker to its handler.
func (i *instance) workerConfig(cfg *config.Config, id int) fastpath.Config {
	h := i.server.Handler(id)
	return fastpath.Config{
		ID:                 id,
		Control:            h.Control,
		Tick:               h.Tick,
		PeerAllowed:        h.PeerAllowed,
		Buckets:            i.buckets,
		WideChannelNumbers: cfg.Allocation.WideChannelNumbers,
		ICMPIndications:    cfg.Relay.ICMPIndications,
		Streams:            streamLimits(cfg.Streams),
		StreamClosed:       h.StreamClosed,
		Arrived:            h.Arrived,
		TCPRelay:           i.tcpRelay != nil,
	}
}

// workerStats reads the counters of every worker.
func (i *instance) workerStats() []fastpath.Stats {
	var stats []fastpath.Stats
	for _, w := range i.engine.Workers() {
		stats = append(stats, w.Stats())
	}
	return stats
}

// switches turns the words of sockets.gso and sockets.gro into their meaning.
var switches = map[string]fastpath.Switch{
	"auto": fastpath.Auto,
	"on":   fastpath.On,
	"off":  fastpath.Off,
}
