package main

import (
	"github.com/fairlead/fairlead/internal/bucket"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/stream"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// newTCPRelay makes what relays TCP connections; nil: that is off.
func newTCPRelay(cfg *config.Config, buckets *bucket.Array) *tcprelay.Relay {
	c, on := cfg.TCPRelayConfig()
	if !on {
		return nil
	}
	c.Buckets = buckets
	c.Socket = stream.Options{KeepAlive: cfg.Streams.Keepalive.Std(), UserTimeout: cfg.Streams.UserTimeout.Std()}
	return tcprelay.New(c)
}
