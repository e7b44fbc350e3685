package httpserve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 15 * time.Second
	idleTimeout    = 60 * time.Second
	stopTimeout    = time.Second // for requests under way when the server stops

	maxHeaderBytes = 16 << 10
	maxBodyBytes   = 64 << 10
	maxConnections = 1024
)

// Config says what to serve where.
type Config struct {
	// Purpose goes into errors and logs, as in "serve the admin API".
	Purpose string
	// Address is an IP address and a port, or unix: and a path.
	Address string
	// TLS, when set, makes it HTTPS.
	TLS *tls.Config
	// Handler serves the requests. Their bodies end at 64 KiB.
	Handler http.Handler
	// Log receives what the HTTP server itself complains about.
	Log *zap.Logger
}

// Server is an open listener.
type Server struct {
	purpose  string
	listener net.Listener
	http     http.Server
}

// Listen opens the listener; Run serves it.
func Listen(cfg Config) (*Server, error) {
	listener, err := listen(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("listen to serve %s on %s: %w", cfg.Purpose, cfg.Address, err)
	}
	open := net.Listener(&limited{Listener: listener, slots: make(chan struct{}, maxConnections)})
	if cfg.TLS != nil {
		open = tls.NewListener(open, cfg.TLS)
	}
	// What a stranger can cause is for debugging only.
	errorLog, err := zap.NewStdLogAt(cfg.Log.Named("http"), zap.DebugLevel)
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("serve %s: %w", cfg.Purpose, err)
	}
	return &Server{
		purpose:  cfg.Purpose,
		listener: open,
		http: http.Server{
			Handler:           http.MaxBytesHandler(cfg.Handler, maxBodyBytes),
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       requestTimeout,
			WriteTimeout:      requestTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          errorLog,
		},
	}, nil
}

// Addr is where the listener really is.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close gives the listener up without having served.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx is done, then closes the listener.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		s.http.Shutdown(grace)
		s.http.Close()
	})
	err := s.http.Serve(s.listener)
	if cancel() {
		return fmt.Errorf("serve %s: %w", s.purpose, err)
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
