package service

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
)

var secret = []byte("a secret of this test")

func TestLogin(t *testing.T) {
	users, err := ParseUsers(demoUsers)
	if err != nil {
		t.Fatal(err)
	}
	login := Login(users, secret)
	for _, wrong := range [][2]string{{"user", "wrong"}, {"nobody", "password"}, {"", ""}} {
		request := httptest.NewRequest("GET", "/login", nil)
		request.SetBasicAuth(wrong[0], wrong[1])
		if status := ask(login, request).Code; status != http.StatusUnauthorized {
			t.Errorf("%v may log in: %d", wrong, status)
		}
	}
	request := httptest.NewRequest("GET", "/login", nil)
	request.SetBasicAuth("user", "password")
	response := ask(login, request)
	var content struct{ Token string }
	if err := json.Unmarshal(response.Body.Bytes(), &content); err != nil || response.Code != http.StatusOK {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	if status := greetedWith(content.Token); status != http.StatusOK {
		t.Errorf("the token isn't taken: %d", status)
	}
}

func TestTokens(t *testing.T) {
	now := time.Now()
	expired, _ := newToken("user", secret, now.Add(-lifetime-time.Minute))
	forged, _ := newToken("user", []byte("another secret"), now)
	claims := jwt.RegisteredClaims{Issuer: issuer, ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour))}
	unsigned, _ := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	endless, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{Issuer: issuer}).SignedString(secret)
	foreign, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: "another", ExpiresAt: claims.ExpiresAt,
	}).SignedString(secret)
	tokens := map[string]string{
		"expired": expired, "forged": forged, "unsigned": unsigned, "endless": endless, "foreign": foreign, "none": "",
	}
	for name, token := range tokens {
		if status := greetedWith(token); status != http.StatusUnauthorized {
			t.Errorf("a token that is %s is taken: %d", name, status)
		}
	}
}

func TestUsers(t *testing.T) {
	hash, _ := bcrypt.GenerateFromPassword([]byte("a password"), bcrypt.MinCost)
	users, err := ParseUsers("# people\n\nann:" + string(hash) + "\n")
	if err != nil || !users.Check("ann", "a password") || users.Check("ann", "password") || users.Check("user", "password") {
		t.Errorf("%v %v", users, err)
	}
	if _, err := ParseUsers("ann:a password"); err == nil {
		t.Error("a password in plain text is taken for a hash")
	}
}

func TestProbes(t *testing.T) {
	var health Health
	handler := health.Handler()
	for _, name := range []string{"/healthz", "/readiness"} {
		for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusOK} {
			if status := ask(handler, httptest.NewRequest("GET", name, nil)).Code; status != want {
				t.Errorf("%s is %d instead of %d", name, status, want)
			}
			ask(handler, httptest.NewRequest("POST", name+"/status", nil))
		}
	}
}

func TestGracefulStop(t *testing.T) {
	main, probes := listen(t), listen(t)
	ctx, stop := context.WithCancel(context.Background())
	started, finish := make(chan bool), make(chan bool)
	handler := http.NewServeMux()
	handler.Handle("/", Hello)
	handler.HandleFunc("/slow", func(writer http.ResponseWriter, _ *http.Request) {
		started <- true
		<-finish
		io.WriteString(writer, "finished")
	})
	done := make(chan error, 1)
	go func() { done <- serve(ctx, main, probes, handler, 300*time.Millisecond) }()

	slow := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + main.Addr().String() + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		text, _ := io.ReadAll(response.Body)
		slow <- string(text)
	}()
	<-started
	stop()
	for statusOf(t, probes, "/readiness") != http.StatusServiceUnavailable {
		time.Sleep(time.Millisecond)
	}
	if status := statusOf(t, main, "/"); status != http.StatusOK {
		t.Errorf("a request while draining is answered %d", status)
	}
	if status := statusOf(t, probes, "/healthz"); status != http.StatusOK {
		t.Errorf("liveness is %d while draining", status)
	}
	time.Sleep(400 * time.Millisecond)
	finish <- true
	if text := <-slow; text != "finished" {
		t.Errorf("a request that had begun ended with %q", text)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func greetedWith(token string) int {
	request := httptest.NewRequest("GET", "/secure", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	return ask(RequireToken(secret, Hello), request).Code
}

func ask(handler http.Handler, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func listen(t *testing.T) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func statusOf(t *testing.T, listener net.Listener, path string) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + listener.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
