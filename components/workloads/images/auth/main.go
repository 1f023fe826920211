// auth checks passwords and issues tokens.
package main

import (
	"net/http"

	"slipway.build/services/service"
)

func main() {
	service.Main(func(mux *http.ServeMux, settings service.Settings) {
		mux.Handle("/login", service.Login(settings.Users, settings.Secret))
		mux.Handle("/version", service.VersionHandler)
	})
}
