package webhook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/webhook"
)

// The example of the Standard Webhooks specification, in its section on signatures.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleAt        = 1614265330
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestTheSignatureIsTheConventions(t *testing.T) {
	secret, err := webhook.ParseSecret(exampleSecret + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := secret.Sign(exampleID, time.Unix(exampleAt, 0), []byte(exampleBody)); got != exampleSignature {
		t.Errorf("got %s, want %s", got, exampleSignature)
	}
}

func TestSecretsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + strings.Repeat("AAAA", 30)} {
		if _, err := webhook.ParseSecret(text); err == nil {
			t.Errorf("%q passes for a secret", text)
		}
	}
}

func TestAddressesAreHTTPS(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://siem.example/hook?x=1": true, "http://localhost:9/": true, "http://127.0.0.1:9/hook": true, "http://siem.example/": false,
		"https://a:b@siem.example/": false, "https://siem.example/#x": false, "ftp://siem.example": false, "siem.example": false, "": false, "https://": false,
	} {
		if err := webhook.CheckURL(address); (err == nil) != fine {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

// poster posts to a server of the test's own on loopback.
func poster(t *testing.T) *webhook.Poster {
	t.Helper()
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := webhook.ParseSecret(exampleSecret)
	if err != nil {
		t.Fatal(err)
	}
	c := &outbound.Client{Allow: allow, Timeout: time.Second}
	t.Cleanup(c.CloseIdle)
	return &webhook.Poster{Client: c, Secret: secret, Now: func() time.Time { return time.Unix(exampleAt, 0) }}
}

func TestAnEventArrivesSigned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || string(body) != exampleBody {
			t.Errorf("got %s %q, %v", r.Method, body, err)
		}
		for name, want := range map[string]string{
			"webhook-id": exampleID, "webhook-timestamp": strconv.Itoa(exampleAt), "webhook-signature": exampleSignature, "content-type": "application/json",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	if err := poster(t).Post(t.Context(), exampleID, server.URL+"/hook", []byte(exampleBody)); err != nil {
		t.Error(err)
	}
}

func TestOnlySuccessCounts(t *testing.T) {
	release := make(chan struct{})
	for says, answer := range map[string]http.HandlerFunc{
		"a failure": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"a refusal":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"a reset":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"no answer":     func(http.ResponseWriter, *http.Request) { <-release },
		"gone for good": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
	} {
		t.Run(says, func(t *testing.T) {
			server := httptest.NewServer(answer)
			err := poster(t).Post(t.Context(), exampleID, server.URL+"/hook-secret", []byte(exampleBody))
			if err == nil || strings.Contains(err.Error(), "hook-secret") || errors.Is(err, webhook.ErrGone) != (says == "gone for good") {
				t.Errorf("got %v", err)
			}
			if says == "no answer" {
				close(release)
			}
			server.Close()
		})
	}
}

func TestAPrivateAddressIsNotReached(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	t.Cleanup(server.Close)
	p := poster(t)
	p.Client = &outbound.Client{}
	if err := p.Post(t.Context(), exampleID, server.URL, []byte(exampleBody)); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
