// monolith is auth and hello in one program.
package main

import (
	"net/http"

	"slipway.build/services/service"
)

func main() {
	service.Main(func(mux *http.ServeMux, settings service.Settings) {
		mux.Handle("/{$}", service.Hello)
		mux.Handle("/login", service.Login(settings.Users, settings.Secret))
		mux.Handle("/secure", service.RequireToken(settings.Secret, service.Hello))
		mux.Handle("/version", service.VersionHandler)
	})
}
