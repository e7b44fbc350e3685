package tcprelay

import (
	"errors"
	"io"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
)

// When one side has ended, the other is told so at once, behind the last byte of
// the first. What the other side still has to say passes as long as it goes on:
// lingerTime is the longest silence. When there is nobody left to say it to, it is
// thrown away for discardTime at most: to close at once would reset the connection
// and with it lose the bytes that are on their way there.
const (
	lingerTime  = 10 * time.Second
	discardTime = 5 * time.Second
)

// copy moves payload in one direction until its source has ended, and then tells the
// destination.
func (c *connection) copy(d Direction, to stream.Waiting, from *source) {
	discards := false
	for {
		b, err := from.next()
		if len(b) > 0 && !discards {
			if !c.allocation.admit(d, len(b)) {
				from.release()
				return
			}
			if _, err := to.Write(b); err != nil {
				discards = true
				c.gone.Store(true)
				_ = from.conn.SetReadDeadline(time.Now().Add(discardTime))
			}
		}
		from.release()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				c.gone.Store(true)
			}
			break
		}
		if !discards && c.lingers.Load() {
			c.linger(from.conn, to)
		}
	}
	_ = to.CloseWrite()
	c.lingers.Store(true)
	c.linger(to, from.conn) // for the other direction
}

// linger gives a direction some more time.
func (c *connection) linger(from, to stream.Waiting) {
	more := lingerTime
	if c.gone.Load() {
		more = discardTime
	}
	until := time.Now().Add(more)
	_ = from.SetReadDeadline(until) // these fail for what is closed already
	_ = to.SetWriteDeadline(until)
}
