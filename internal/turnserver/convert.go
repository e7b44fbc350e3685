package turnserver

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fairlead/fairlead/internal/config"
)

// conversion is the work on one file.
type conversion struct {
	cfg   *config.Config
	notes []Note
	now   option // being read

	noTCPRelay bool

	ports     ports
	addresses addresses
	access    access
	peers     peerLists
}

// Convert turns the text of a turnserver.conf into a configuration, which may still
// have to be completed: Validate says by what.
func Convert(text string) (*config.Config, []Note) {
	c := &conversion{cfg: config.Defaults(), ports: defaultPorts}
	for _, c.now = range parse(text) {
		read, known := readers[c.now.name]
		switch {
		case known && read != nil:
			read(c, c.now.value)
		case !known:
			c.note("is not known to this conversion")
		}
	}
	c.now = option{}
	c.writeListeners()
	c.writeMonitoring()
	c.writeAddresses()
	c.writeAccess()
	c.writePeers()
	// Only clients on TCP and TLS can ask for it.
	hasStreams := slices.ContainsFunc(c.cfg.Listeners, func(l config.Listener) bool { return !l.IsDatagram() })
	if !c.noTCPRelay && !c.cfg.STUN.Only && hasStreams {
		c.note("coturn relays TCP (RFC 6062) unless no-tcp-relay is set, this server only where it is asked to: set tcp_relay.enabled to true if a client needs it")
	}
	return c.cfg, c.notes
}

// note says something about the present line, or about the whole.
func (c *conversion) note(text string, args ...any) {
	c.notes = append(c.notes, Note{Line: c.now.line, Name: c.now.name, Text: fmt.Sprintf(text, args...)})
}

// reader takes over the value of an option.
type reader func(c *conversion, value string)

// number hands on a whole number above 0; 0 is the default of most options.
func number(take func(c *conversion, n int64)) reader {
	return func(c *conversion, value string) {
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil || n < 0:
			c.note("has no number: left out")
		case n > 0:
			take(c, n)
		}
	}
}

// duration hands on a number of seconds.
func duration(take func(c *conversion, d config.Duration)) reader {
	return number(func(c *conversion, n int64) {
		take(c, config.Duration(time.Duration(min(n, 1<<32))*time.Second))
	})
}

// whenOn does something for a switch that is on.
func whenOn(do func(c *conversion)) reader {
	return func(c *conversion, _ string) {
		if c.now.isOn() {
			do(c)
		}
	}
}

// without says why an option that is on has no counterpart.
func without(text string) reader {
	return whenOn(func(c *conversion) { c.note("%s", text) })
}
