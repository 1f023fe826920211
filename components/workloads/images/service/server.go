// Package service is what auth, hello and monolith have in common.
package service

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long requests that have begun may take once the program closes its door.
const patience = 20 * time.Second

// Main runs a program until it is told to stop. routes says what it serves.
func Main(routes func(*http.ServeMux, Settings)) {
	program := filepath.Base(os.Args[0])
	log.SetPrefix(program + " ")
	settings, err := readSettings(program, os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	mux := http.NewServeMux()
	routes(mux, settings)
	if err := run(ctx, settings, mux); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, settings Settings, handler http.Handler) error {
	main, err := net.Listen("tcp", settings.HTTP)
	if err != nil {
		return err
	}
	probes, err := net.Listen("tcp", settings.Health)
	if err != nil {
		return err
	}
	return serve(ctx, main, probes, handler, settings.Drain)
}

// serve answers until the context ends, then stops in an order that loses no request: readiness fails, so that nobody
// new is sent here; who still comes is served and asked to come by another connection; after drain the door is closed
// and what has begun is finished; the probes answer until the end.
func serve(ctx context.Context, main, probes net.Listener, handler http.Handler, drain time.Duration) error {
	var health Health
	var draining atomic.Bool
	mainServer := newServer(logged(partingWhen(&draining, handler)))
	probeServer := newServer(health.Handler())
	failed := make(chan error, 2)
	go func() { failed <- mainServer.Serve(main) }()
	go func() { failed <- probeServer.Serve(probes) }()
	log.Printf("version %s listens on %s, probes on %s", Version, main.Addr(), probes.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Printf("stops: no longer ready, serves for another %s", drain)
	health.unready.Store(true)
	draining.Store(true)
	time.Sleep(drain)
	rest, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(mainServer.Shutdown(rest), probeServer.Close())
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
}

func partingWhen(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if draining.Load() {
			writer.Header().Set("Connection", "close")
		}
		next.ServeHTTP(writer, request)
	})
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		recorder := &statusRecorder{ResponseWriter: writer, status: http.StatusOK}
		next.ServeHTTP(recorder, request)
		log.Printf("%s %s %q %d", request.RemoteAddr, request.Method, request.URL.Path, recorder.status)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (recorder *statusRecorder) WriteHeader(status int) {
	recorder.status = status
	recorder.ResponseWriter.WriteHeader(status)
}
