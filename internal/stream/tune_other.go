//go:build !linux

package stream

import "net"

// tuneSystem has nothing to do where these options do not exist.
func tuneSystem(*net.TCPConn, Options) error { return nil }
