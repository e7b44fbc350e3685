//go:build !linux

package stream

import "syscall"

// FreebindIPv4 does nothing here.
func FreebindIPv4(string, string, syscall.RawConn) error { return nil }

// FreebindIPv6 does nothing here.
func FreebindIPv6(string, string, syscall.RawConn) error { return nil }
