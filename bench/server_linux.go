package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/wire"
)

const (
	// readyTimeout is how long a server may take until its first answer.
	readyTimeout = 15 * time.Second
	// readyInterval is how often it is asked.
	readyInterval = 50 * time.Millisecond
)

// server is a running server and where it listens.
type server struct {
	spec    Spec
	command string // with the values put in
	addr    netip.AddrPort
	process *process
}

// startServer starts a server on the relay and waits until it answers.
func (l *lab) startServer(ctx context.Context, spec Spec) (*server, error) {
	s, err := l.nextSetting()
	if err != nil {
		return nil, err
	}
	for name, text := range spec.Files {
		text, err := s.expand(text)
		if err != nil {
			return nil, fmt.Errorf("write %s of %s: %w", name, spec.Name, err)
		}
		if err := os.WriteFile(filepath.Join(s.directory, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("write %s of %s: %w", name, spec.Name, err)
		}
	}
	command, err := s.expand(spec.Command)
	if err != nil {
		return nil, fmt.Errorf("command of %s: %w", spec.Name, err)
	}
	process, err := l.relay.start(l.cpu, command, filepath.Join(s.directory, "log"))
	if err != nil {
		return nil, err
	}
	running := &server{
		spec:    spec,
		command: command,
		addr:    netip.AddrPortFrom(s.listen, listenPort),
		process: process,
	}
	if err := l.clients.do(func() error { return running.awaitReady(ctx, l.transport) }); err != nil {
		process.stop()
		return nil, running.explain(err)
	}
	return running, nil
}

// awaitReady asks for an allocation, without credentials, until there is any
// answer.
func (s *server) awaitReady(ctx context.Context, t Transport) error {
	var err error
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); {
		switch err = s.askOnce(t); {
		case err == nil:
			return nil
		case s.process.hasEnded():
			return errors.New("it has ended")
		}
		// Nobody listens yet: the kernel says so at once.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(readyInterval):
		}
	}
	return fmt.Errorf("wait for its first answer: %w", err)
}

// askOnce asks for an allocation, from a new client.
func (s *server) askOnce(t Transport) (err error) {
	local := netip.AddrPortFrom(clientAddr, 0)
	c := client{}
	if t.isStream() {
		if c.stream, err = openStream(local, s.addr, t); err != nil {
			return err
		}
		defer func() { _ = c.stream.close() }()
	} else {
		if c.fd, err = openSocket(local); err != nil {
			return err
		}
		defer func() { _ = unix.Close(c.fd) }()
		if err := connect(c.fd, s.addr); err != nil {
			return err
		}
	}
	_, err = c.exchange(wire.MethodAllocate, func(b *wire.Builder) { b.RequestedTransport(wire.ProtocolUDP) })
	return err
}

// explain adds what the server has said to an error.
func (s *server) explain(err error) error {
	return fmt.Errorf("%s: %w\ncommand: %s\nend of its output:\n%s", s.spec.Name, err, s.command, s.process.output())
}

// stop ends the server.
func (s *server) stop() { s.process.stop() }
