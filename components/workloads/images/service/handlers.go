package service

import (
	"encoding/json"
	"net/http"
)

// Version of the program, set when it is linked.
var Version = "unknown"

// Hello greets.
var Hello http.Handler = http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
	answer(writer, map[string]string{"message": "Hello"})
})

// VersionHandler says which version answers.
var VersionHandler http.Handler = http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
	answer(writer, map[string]string{"version": Version})
})

func answer(writer http.ResponseWriter, content map[string]string) {
	writer.Header().Set("Content-Type", "application/json")
	json.NewEncoder(writer).Encode(content)
}
