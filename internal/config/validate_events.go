package config

import (
	"net/url"

	"github.com/fairlead/fairlead/internal/events"
)

func (v *validator) events() {
	hook := v.config.Events.Webhook
	if hook.URL != "" {
		if u, err := url.Parse(hook.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			v.reject("events.webhook.url", nil, `must be an http or https URL, such as "https://app.example.org/turn-events"`)
		}
		if n := len(hook.Secret); n < minTokenBytes {
			v.reject("events.webhook.secret", hook.Secret, "has %d bytes, at least %d are needed for the signature: openssl rand -hex 32 makes one", n, minTokenBytes)
		}
	}
	redis := v.config.Events.Redis
	if redis.URL == "" {
		return
	}
	if err := events.CheckRedis(redis.URL.Reveal()); err != nil {
		v.reject("events.redis.url", redis.URL, "%s", err)
	}
	if redis.Channel == "" && !redis.CoturnChannels {
		v.reject("events.redis.channel", redis.Channel, "must not be empty unless events.redis.coturn_channels is true")
	}
}

// EventSinks are those who hear about allocations, but for the log.
func (c *Config) EventSinks() []events.Sink {
	var sinks []events.Sink
	if hook := c.Events.Webhook; hook.URL != "" {
		sinks = append(sinks, events.NewWebhook(hook.URL, hook.Secret.Reveal()))
	}
	if redis := c.Events.Redis; redis.URL != "" {
		channel := redis.Channel
		if redis.CoturnChannels {
			channel = ""
		}
		sinks = append(sinks, must(events.NewRedis(redis.URL.Reveal(), channel)))
	}
	return sinks
}
