package main

import (
	"context"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/server"
)

// drainPoll is how often a server that is being emptied looks whether it is.
const drainPoll = 100 * time.Millisecond

// awaitStop waits for a signal to stop, and empties the server first if it was
// SIGTERM and the configuration says so. A second signal cuts that short.
func (i *instance) awaitStop(ctx context.Context, signals <-chan os.Signal, drain config.Drain) {
	select {
	case <-ctx.Done():
		return
	case s := <-signals:
		if s != syscall.SIGTERM || drain.Timeout == 0 {
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, drain.Timeout.Std())
	defer cancel()
	emptied := make(chan struct{})
	go func() {
		defer close(emptied)
		i.drain(ctx, drain.Delay.Std())
	}()
	select {
	case <-emptied:
	case <-signals:
		cancel()
		<-emptied
	}
}

// drain takes no new allocations after the delay and returns when the last one
// has ended, or ctx is done.
func (i *instance) drain(ctx context.Context, delay time.Duration) {
	i.isStopping.Store(true)
	i.log.Info("draining", zap.Int("allocations", i.server.Live()))
	select {
	case <-ctx.Done():
		return
	case <-time.After(delay):
	}
	i.server.SetDraining(true)
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for i.server.Live() > 0 {
		select {
		case <-ctx.Done():
			i.log.Warn("not drained in time: allocations end now", zap.Int("allocations", i.server.Live()))
			return
		case <-ticker.C:
		}
	}
	i.log.Info("drained")
}

// pickAlternate names another server for clients of UDP, TCP and TLS.
func (i *instance) pickAlternate(transport allocation.Transport, isIPv4 bool, fits func(string) bool) (server.Alternate, bool) {
	by, ok := alternateTransports[transport]
	if !ok {
		return server.Alternate{}, false
	}
	other, ok := i.others.Pick(by, isIPv4, fits)
	return server.Alternate{Address: other.Address, Domain: other.Domain}, ok
}

var alternateTransports = map[allocation.Transport]alternate.Transport{
	allocation.TransportUDP: alternate.UDP,
	allocation.TransportTCP: alternate.TCP,
	allocation.TransportTLS: alternate.TLS,
}
