package httpserve

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// unixPrefix marks the path of a Unix socket among addresses.
const unixPrefix = "unix:"

// UnixPath returns the path of an address that is a Unix socket.
func UnixPath(address string) (path string, ok bool) { return strings.CutPrefix(address, unixPrefix) }

// listen opens the listener of an address.
func listen(address string) (net.Listener, error) {
	path, isUnix := UnixPath(address)
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("%s is in use by a running server", path)
	}
	// The socket shows under its name when only its owner may open it; that also
	// replaces one that a killed server left.
	private, err := os.MkdirTemp(filepath.Dir(path), ".fairlead-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	hidden := filepath.Join(private, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	if err := os.Chmod(hidden, 0o600); err != nil {
		listener.Close()
		return nil, err
	}
	if err := os.Rename(hidden, path); err != nil {
		listener.Close()
		return nil, err
	}
	return &unixListener{listener, path}, nil
}

// unixListener takes its socket away when it closes.
type unixListener struct {
	*net.UnixListener
	path string
}

func (l *unixListener) Close() error {
	err := l.UnixListener.Close()
	if err == nil {
		os.Remove(l.path)
	}
	return err
}
