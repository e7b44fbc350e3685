package events

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisTimeout bounds one attempt.
const redisTimeout = 5 * time.Second

// Redis publishes events on channels of a Redis server.
type Redis struct {
	client  *redis.Client
	channel string // empty: those of coturn
}

// NewRedis returns a sink for a server, redis://user:password@host:port/db or
// rediss:// for TLS. Events go as JSON to the channel; an empty one stands for
// the channels and texts of coturn. Its error does not show the URL.
func NewRedis(url, channel string) (*Redis, error) {
	options, err := parseRedis(url)
	if err != nil {
		return nil, err
	}
	options.MaxRetries = -1 // the Bus tries again
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = redisTimeout, redisTimeout, redisTimeout
	options.PoolSize = 1
	options.DisableIdentity = true
	return &Redis{client: redis.NewClient(options), channel: channel}, nil
}

// CheckRedis says what is wrong with the URL of a Redis server.
func CheckRedis(url string) error {
	_, err := parseRedis(url)
	return err
}

func parseRedis(url string) (*redis.Options, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("is not the URL of a Redis server, such as redis://user:password@127.0.0.1:6379/0, or rediss:// for TLS")
	}
	return options, nil
}

// Name is redis.
func (*Redis) Name() string { return "redis" }

// Deliver publishes a batch in one exchange.
func (r *Redis) Deliver(ctx context.Context, batch []Event) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	pipeline := r.client.Pipeline()
	for _, e := range batch {
		if r.channel == "" {
			for _, m := range coturnMessages(e) {
				pipeline.Publish(ctx, m.channel, m.text)
			}
			continue
		}
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode event: %w: %w", ErrRefused, err)
		}
		pipeline.Publish(ctx, r.channel, text)
	}
	if _, err := pipeline.Exec(ctx); err != nil {
		return fmt.Errorf("publish events to Redis: %w", err)
	}
	return nil
}

// Close ends the connection.
func (r *Redis) Close() error { return r.client.Close() }

type message struct{ channel, text string }

// coturnMessages are what a listener to coturn's channels expects. Received is
// what came from the client, sent what went to it.
func coturnMessages(e Event) []message {
	user := strings.NewReplacer("/", "_").Replace(e.User) // a user must not choose the channel
	base := fmt.Sprintf("turn/realm/%s/user/%s/allocation/%s/", e.Realm, user, e.ID)
	client := fmt.Sprintf("rcvp=%d, rcvb=%d, sentp=%d, sentb=%d", e.ToPeerPackets, e.ToPeerBytes, e.ToClientPackets, e.ToClientBytes)
	peer := fmt.Sprintf("rcvp=%d, rcvb=%d, sentp=%d, sentb=%d", e.ToClientPackets, e.ToClientBytes, e.ToPeerPackets, e.ToPeerBytes)
	switch e.Type {
	case Created:
		return []message{{base + "status", fmt.Sprintf("new lifetime=%d, type=%s, local=%s, remote=%s", e.LifetimeSeconds, strings.ToUpper(e.Transport), e.Server, e.Client)}}
	case Refreshed:
		return []message{{base + "status", fmt.Sprintf("refreshed lifetime=%d", e.LifetimeSeconds)}}
	case Usage:
		return []message{{base + "traffic", client}, {base + "traffic/peer", peer}}
	case Ended:
		return []message{{base + "total_traffic", client}, {base + "total_traffic/peer", peer}, {base + "status", "deleted"}}
	}
	return nil
}
