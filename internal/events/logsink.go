package events

import (
	"context"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
)

// Log writes events to the log, at the level info.
type Log struct{ Logger *zap.Logger }

// Name is log.
func (Log) Name() string { return "log" }

// Deliver writes a line for each event.
func (l Log) Deliver(_ context.Context, batch []Event) error {
	for _, e := range batch {
		l.Logger.Info("allocation "+string(e.Type),
			zap.Time("at", e.Time), zap.String("id", e.ID),
			logging.Realm(e.Realm), zap.String("tenant", e.Tenant), logging.Username(e.User),
			zap.String("transport", e.Transport), logging.Client(e.Client), logging.Server(e.Server), logging.Relayed(e.Relayed),
			zap.Int64("lifetime_seconds", e.LifetimeSeconds), zap.Float64("duration_seconds", e.DurationSeconds), zap.String("reason", e.Reason),
			zap.Uint64("to_peer_packets", e.ToPeerPackets), zap.Uint64("to_peer_bytes", e.ToPeerBytes),
			zap.Uint64("to_client_packets", e.ToClientPackets), zap.Uint64("to_client_bytes", e.ToClientBytes),
			zap.Uint64("dropped_packets", e.DroppedPackets))
	}
	return nil
}

// Close does nothing.
func (Log) Close() error { return nil }
