package config

import "reflect"

// Changes lists the paths in which two configurations differ.
type Changes struct {
	// Live can be applied while the server runs.
	Live []string
	// Restart takes effect at the next start only.
	Restart []string
}

// IsEmpty reports whether nothing changed.
func (c Changes) IsEmpty() bool { return len(c.Live) == 0 && len(c.Restart) == 0 }

// Diff compares two configurations key by key. Values do not show, so secrets
// cannot either; the content of a secret file counts, not only its name.
func Diff(old, next *Config) Changes {
	var changes Changes
	for _, key := range schema() {
		switch {
		case equal(key.in(old), key.in(next)):
		case key.Live:
			changes.Live = append(changes.Live, key.Path)
		default:
			changes.Restart = append(changes.Restart, key.Path)
		}
	}
	return changes
}

// Reload returns the configuration that a running server has once it applied
// what can be applied: the live keys of next, all others as they are running.
// It is the running configuration for the next Reload. Both stay unchanged.
func Reload(running, next *Config) (*Config, Changes) {
	effective := *running
	effective.unused = next.unused
	effective.origins = make(map[string]Origin, len(next.origins))
	for path, origin := range running.origins {
		if key, ok := keyOf(path); !ok || !key.Live {
			effective.origins[path] = origin
		}
	}
	for path, origin := range next.origins {
		if key, ok := keyOf(path); ok && key.Live {
			effective.origins[path] = origin
		}
	}
	for _, key := range schema() {
		if key.Live {
			key.in(&effective).Set(key.in(next))
		}
	}
	return &effective, Diff(running, next)
}

// equal takes an absent list for an empty one.
func equal(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}
