package service

import (
	"flag"
	"os"
	"time"
)

// Settings of a program: flags, whose defaults come from the environment.
type Settings struct {
	// HTTP and Health are the addresses to listen on, "host:port" or ":port".
	HTTP, Health string
	// Secret signs tokens: auth and hello must have the same.
	Secret []byte
	Users  Users
	// Drain is how long the program still serves after it has said that it isn't ready any more, so that nobody is
	// sent to it when it closes its door.
	Drain time.Duration
}

func readSettings(program string, args []string) (Settings, error) {
	var settings Settings
	var secret, usersFile string
	flags := flag.NewFlagSet(program, flag.ExitOnError)
	flags.StringVar(&settings.HTTP, "http", environment("HTTP_ADDRESS", ":80"), "address of the service (HTTP_ADDRESS)")
	flags.StringVar(&settings.Health, "health", environment("HEALTH_ADDRESS", ":81"), "address of the probes (HEALTH_ADDRESS)")
	flags.StringVar(&secret, "secret", environment("JWT_SECRET", "secret"), "signs tokens (JWT_SECRET, which other users of the machine can't see)")
	flags.StringVar(&usersFile, "users", environment("USERS_FILE", ""), "file of lines NAME:BCRYPT-HASH as `htpasswd -B` writes them (USERS_FILE; or the lines themselves in USERS; default: the user \"user\" with the password \"password\")")
	flags.DurationVar(&settings.Drain, "drain", 5*time.Second, "how long to serve after readiness has failed, when told to stop")
	if err := flags.Parse(args); err != nil {
		return settings, err
	}
	settings.Secret = []byte(secret)
	text := environment("USERS", demoUsers)
	if usersFile != "" {
		content, err := os.ReadFile(usersFile)
		if err != nil {
			return settings, err
		}
		text = string(content)
	}
	var err error
	settings.Users, err = ParseUsers(text)
	return settings, err
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
