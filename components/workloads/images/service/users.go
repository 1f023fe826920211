package service

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Users by name, with the bcrypt hash of their password.
type Users map[string][]byte

// demoUsers is the tutorial's: the user "user" with the password "password".
const demoUsers = "user:" + demoHash

const demoHash = "$2a$10$mUXExVAyOWlZZRm6yK1kSeK9KTKZjFbHeDQ9gV1UFsPvitZuAaRz2"

// ParseUsers reads lines NAME:BCRYPT-HASH. Empty lines and lines that start with # don't count.
func ParseUsers(text string) (Users, error) {
	users := Users{}
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, hash, _ := strings.Cut(line, ":")
		if _, err := bcrypt.Cost([]byte(hash)); name == "" || err != nil {
			return nil, fmt.Errorf("line %d of the users is not NAME:BCRYPT-HASH as `htpasswd -B` writes it", number+1)
		}
		users[name] = []byte(hash)
	}
	return users, nil
}

// Check says whether the user exists and has this password. It takes as long for users that don't exist.
func (users Users) Check(name, password string) bool {
	hash, known := users[name]
	if !known {
		hash = []byte(demoHash)
	}
	return bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && known
}
