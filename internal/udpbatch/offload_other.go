//go:build !linux || portable

package udpbatch

// Probe returns that nothing is supported.
func Probe() Support { return Support{} }

// SetTrains does nothing: there is no such thing here.
func (c *Conn) SetTrains(bool) error { return nil }

// Trains returns false.
func (c *Conn) Trains() bool { return false }
