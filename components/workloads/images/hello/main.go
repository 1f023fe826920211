// hello greets everybody on /, and on /secure only who shows a valid token.
package main

import (
	"net/http"

	"slipway.build/services/service"
)

func main() {
	service.Main(func(mux *http.ServeMux, settings service.Settings) {
		mux.Handle("/{$}", service.Hello)
		mux.Handle("/secure", service.RequireToken(settings.Secret, service.Hello))
		mux.Handle("/version", service.VersionHandler)
	})
}
