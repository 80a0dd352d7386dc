package pushservice_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

const host = "push.example"

// sender sends one body, right unless it is changed.
type sender struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	point  []byte
	client *http.Client
	claims map[string]any
	k      string
}

func newSender(t *testing.T, s *pushservice.Service) *sender {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &sender{
		t: t, key: key, point: point, client: &http.Client{Transport: pushservice.Bridge(s)},
		claims: map[string]any{"aud": "https://" + host, "exp": time.Now().Add(time.Hour).Unix(), "sub": "mailto:someone@example.org"},
		k:      base64.RawURLEncoding.EncodeToString(point),
	}
}

func (s *sender) request(body []byte) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "https://"+host+"/v1/token", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{"Ttl": {"60"}, "Urgency": {"high"}, "Content-Encoding": {"aes128gcm"}, "Authorization": {s.vapid()}}
	return r
}

func (s *sender) vapid() string {
	s.t.Helper()
	claims, err := json.Marshal(s.claims)
	if err != nil {
		s.t.Fatal(err)
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	digest := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return "vapid t=" + text + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)) + ", k=" + s.k
}

// body looks like an encrypted record from outside.
func body() []byte {
	b := make([]byte, 200)
	b[20], b[21] = 65, 4
	return b
}

func (s *sender) status(r *http.Request) int {
	s.t.Helper()
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestAPushThatBreaksARuleIsRefused(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, row := range map[string]struct {
		change func(*http.Request)
		claims map[string]any
		body   []byte
		want   int
	}{
		"right":                        {want: 201},
		"right without a text":         {body: []byte{}, want: 201},
		"not a POST":                   {change: func(r *http.Request) { r.Method = http.MethodPut }, want: 405},
		"an unknown subscription":      {change: func(r *http.Request) { r.URL.Path = "/v1/nobody" }, want: 404},
		"no TTL":                       {change: func(r *http.Request) { r.Header.Del("TTL") }, want: 400},
		"a negative TTL":               {change: header("TTL", "-1"), want: 400},
		"a topic of 33 letters":        {change: header("Topic", strings.Repeat("t", 33)), want: 400},
		"a topic with a dot":           {change: header("Topic", "a.b"), want: 400},
		"an urgency of its own":        {change: header("Urgency", "urgent"), want: 400},
		"the older encoding":           {change: header("Content-Encoding", "aesgcm"), want: 400},
		"a body without a key":         {body: make([]byte, 200), want: 400},
		"a body that is too short":     {body: body()[:102], want: 400},
		"a body that is too large":     {body: append(body(), make([]byte, 4096)...), want: 413},
		"no sender":                    {change: func(r *http.Request) { r.Header.Del("Authorization") }, want: 401},
		"a token for another service":  {claims: map[string]any{"aud": "https://other.example"}, want: 403},
		"a token that expired":         {claims: map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}, want: 403},
		"a token for two days":         {claims: map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()}, want: 403},
		"a token without a contact":    {claims: map[string]any{"sub": ""}, want: 403},
		"a contact that is mail twice": {claims: map[string]any{"sub": "mailto:mailto:a@b.example"}, want: 403},
		"a token whose signature is of": {change: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "vapid t=e", "vapid t=f", 1))
		}, want: 401},
	} {
		t.Run(name, func(t *testing.T) {
			service := pushservice.New(t, host)
			s := newSender(t, service)
			service.Subscribe("token", s.point)
			for claim, value := range row.claims {
				s.claims[claim] = value
			}
			if row.body == nil {
				row.body = body()
			}
			r := s.request(row.body)
			if row.change != nil {
				row.change(r)
			}
			if got := s.status(r); got != row.want {
				t.Errorf("got %d, want %d: %v", got, row.want, service.Refusals())
			}
			if accepted := len(service.Messages()) == 1; accepted != (row.want == 201) {
				t.Errorf("accepted: %v", accepted)
			}
		})
	}
}

func TestOnlyTheOwnerOfTheKeyMaySend(t *testing.T) {
	service := pushservice.New(t, host)
	owner, stranger := newSender(t, service), newSender(t, service)
	service.Subscribe("token", owner.point)
	if got := stranger.status(stranger.request(body())); got != 403 {
		t.Errorf("a stranger with a key of its own: got %d, want 403", got)
	}
	stranger.k = owner.k
	if got := stranger.status(stranger.request(body())); got != 403 {
		t.Errorf("a stranger who names the owner's key: got %d, want 403", got)
	}
	service.EndAll()
	if got := owner.status(owner.request(body())); got != 410 {
		t.Errorf("after the subscription ended: got %d, want 410", got)
	}
}

func TestFaultsComeInOrderAndThenEnd(t *testing.T) {
	service := pushservice.New(t, host)
	s := newSender(t, service)
	service.Subscribe("token", s.point)
	service.Fail(
		pushservice.Fault{Status: 429, RetryAfter: "7"},
		pushservice.Fault{Status: 500, Body: 100_000},
		pushservice.Fault{Reset: true},
		pushservice.Fault{Delay: time.Minute},
	)
	answer, err := s.client.Do(s.request(body()))
	if err != nil || answer.StatusCode != 429 || answer.Header.Get("Retry-After") != "7" {
		t.Fatalf("first: got %v, %v, want 429 with Retry-After", answer, err)
	}
	_ = answer.Body.Close()
	if answer, err = s.client.Do(s.request(body())); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(answer.Body); err != nil || len(text) != 100_000 {
		t.Errorf("second: a body of %d bytes, %v, want 100000", len(text), err)
	}
	_ = answer.Body.Close()
	if _, err := s.client.Do(s.request(body())); err == nil {
		t.Error("third: an answer, want the connection cut")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.client.Do(s.request(body()).WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("fourth: %v, want no answer in time", err)
	}
	if got := s.status(s.request(body())); got != 201 {
		t.Errorf("after the faults: got %d, want 201", got)
	}
}

func TestNothingLeavesTheMachine(t *testing.T) {
	client := &http.Client{Transport: pushservice.Bridge(pushservice.New(t, host))}
	if _, err := client.Post("https://elsewhere.example/", "text/plain", nil); err == nil || !strings.Contains(err.Error(), "elsewhere.example") {
		t.Errorf("got %v, want an error that names the host", err)
	}
}

func TestAMessageWithoutPatienceIsDropped(t *testing.T) {
	service := pushservice.New(t, host)
	s := newSender(t, service)
	service.Subscribe("token", s.point)
	r := s.request(body())
	r.Header.Set("TTL", "0")
	s.status(r)
	if got := service.WaitFor(t, pushservice.Dropped); got.TTL != 0 {
		t.Errorf("dropped %+v", got)
	}
	if waiting := service.Waiting(); len(waiting) != 0 {
		t.Errorf("waiting: %v, want nothing", waiting)
	}
}
