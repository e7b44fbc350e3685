package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// DefaultLease is how long the counts of a dead node stay.
const DefaultLease = 30 * time.Second

// Config is what a Fleet is made of.
type Config struct {
	// URL names the Redis: redis://user:password@host:6379/0, rediss:// for TLS,
	// unix:// for a socket. It may hold a password, so it is never logged.
	URL string
	// Node names this server; it must differ from all others, also from one that
	// ran here before.
	Node string
	// Lease is how long the counts of this node outlive it.
	Lease time.Duration
	// Log learns of a Redis that goes and comes.
	Log *zap.Logger
}

// silence keeps the library from writing to standard error: what matters of it
// comes back as an error, and once for each outage.
var silence = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// timeout bounds one exchange with Redis.
const timeout = 500 * time.Millisecond

// retryInterval is the pause between attempts to reach a Redis that is down.
const retryInterval = time.Second

// batchSize is how many reservations go into one exchange.
const batchSize = 256
