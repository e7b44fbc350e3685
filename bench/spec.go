package bench

import "time"

// Spec says how to start a server. Placeholders (see placeholders) may stand
// anywhere in Command and in the text of Files.
type Spec struct {
	Name    string
	Command string            // for /bin/sh; runs until SIGTERM
	Files   map[string]string // name -> text, written to {directory} before the start
	Version string            // for the report; may be empty

	// ReloadEvery is how often the server gets SIGHUP while its latency is
	// measured; 0: never.
	ReloadEvery time.Duration
}
