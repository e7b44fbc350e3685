package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

const (
	// healthTimeout is how long a worker may take to answer /healthz.
	healthTimeout = 2 * time.Second
	// requestTimeout bounds reading a request and writing its answer.
	requestTimeout = 10 * time.Second
	// stopTimeout is how long open answers may take at the end.
	stopTimeout = time.Second
)

// Config says what an Admin serves.
type Config struct {
	// Address is host:port to listen on.
	Address string
	// Metrics answers /metrics.
	Metrics http.Handler
	// Alive returns nil when the process works, for /healthz.
	Alive func(context.Context) error
	// Ready returns nil when new clients are welcome, for /readyz.
	Ready func() error
	// Log receives errors of the HTTP server.
	Log *zap.Logger
}

// Admin is the operators' HTTP listener.
type Admin struct {
	listener net.Listener
	server   http.Server
}

// Listen opens the listener. Close it by running Run to its end.
func Listen(cfg Config) (*Admin, error) {
	listener, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and health on %s: %w", cfg.Address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		answer(w, cfg.Alive(ctx))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, cfg.Ready())
	})
	return &Admin{
		listener: listener,
		server: http.Server{
			Handler:           mux,
			ReadHeaderTimeout: requestTimeout,
			ReadTimeout:       requestTimeout,
			WriteTimeout:      requestTimeout,
			ErrorLog:          zap.NewStdLog(cfg.Log.Named("admin")),
		},
	}, nil
}

// Address is where the listener really is.
func (a *Admin) Address() net.Addr { return a.listener.Addr() }

// Run serves until ctx is done.
func (a *Admin) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		a.server.Shutdown(grace)
	})
	err := a.server.Serve(a.listener)
	if cancel() {
		return fmt.Errorf("serve metrics and health: %w", err)
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// answer turns an error into 503 and its text, nil into 200 and "ok".
func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}
