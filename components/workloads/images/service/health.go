package service

import (
	"net/http"
	"sync/atomic"
)

// Health answers the probes of the kubelet. A person may flip each answer with a POST to /healthz/status or
// /readiness/status, to see what Kubernetes does then.
type Health struct {
	failing, unready atomic.Bool
}

// Handler of the probes.
func (health *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", probe(&health.failing))
	mux.Handle("GET /readiness", probe(&health.unready))
	mux.Handle("POST /healthz/status", flip(&health.failing))
	mux.Handle("POST /readiness/status", flip(&health.unready))
	return mux
}

func probe(bad *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		if bad.Load() {
			writer.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

func flip(bad *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		for {
			before := bad.Load()
			if bad.CompareAndSwap(before, !before) {
				return
			}
		}
	})
}
