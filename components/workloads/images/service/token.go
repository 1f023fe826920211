package service

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	issuer   = "auth.service"
	lifetime = 72 * time.Hour
)

// Login answers who shows a user's name and password (basic authentication) with a token.
func Login(users Users, secret []byte) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		name, password, _ := request.BasicAuth()
		if !users.Check(name, password) {
			refuse(writer, `Basic realm="auth"`)
			return
		}
		token, err := newToken(name, secret, time.Now())
		if err != nil {
			http.Error(writer, "no token could be made", http.StatusInternalServerError)
			return
		}
		answer(writer, map[string]string{"token": token})
	})
}

// RequireToken lets a request through that carries a valid token: "Authorization: Bearer TOKEN".
func RequireToken(secret []byte, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		token, found := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		if !found || !isValid(token, secret) {
			refuse(writer, `Bearer realm="auth"`)
			return
		}
		next.ServeHTTP(writer, request)
	})
}

func newToken(name string, secret []byte, now time.Time) (string, error) {
	claims := jwt.RegisteredClaims{
		Issuer:    issuer,
		Subject:   name,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
}

func isValid(token string, secret []byte) bool {
	key := func(*jwt.Token) (any, error) { return secret, nil }
	_, err := jwt.Parse(token, key,
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
	)
	return err == nil
}

func refuse(writer http.ResponseWriter, challenge string) {
	writer.Header().Set("WWW-Authenticate", challenge)
	http.Error(writer, "authorization failed", http.StatusUnauthorized)
}
