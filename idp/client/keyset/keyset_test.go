package keyset_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/internal/jws"
)

func keyOf(t *testing.T, kid string) (*ecdsa.PrivateKey, jose.JSONWebKey) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private, jose.JSONWebKey{Key: private.Public(), KeyID: kid, Use: "sig"}
}

func encoded(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// site stands for the client's server.
type site struct {
	asked  atomic.Int32
	body   string
	status int
	cache  string
	slow   time.Duration
}

func (s *site) Do(req *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	time.Sleep(s.slow)
	if s.status == 0 {
		return nil, errors.New("connection refused")
	}
	header := http.Header{}
	if s.cache != "" {
		header.Set("Cache-Control", s.cache)
	}
	return &http.Response{StatusCode: s.status, Header: header, Body: io.NopCloser(strings.NewReader(s.body)), Request: req}, nil
}

var published = client.Client{ID: "app", JWKSURI: "https://app.example/jwks"}

func found(t *testing.T, k *keyset.Keys, c client.Client, kid string) error {
	t.Helper()
	keys, err := k.Candidates(t.Context(), c, kid, "ES256")
	if err == nil && (len(keys) == 0 || kid != "" && keys[0].KeyID != kid) {
		t.Errorf("got %d keys without an error for %q", len(keys), kid)
	}
	return err
}

func TestARegisteredKeyIsFoundByItsKidAndAlgorithm(t *testing.T) {
	_, one := keyOf(t, "one")
	_, two := keyOf(t, "two")
	two.Algorithm = "ES256"
	c := client.Client{ID: "app", JWKS: encoded(t, one, two)}
	k := &keyset.Keys{}
	for kid, want := range map[string]int{"one": 1, "two": 1, "": 2} {
		if keys, err := k.Candidates(t.Context(), c, kid, "ES256"); err != nil || len(keys) != want {
			t.Errorf("%q: got %d keys, %v, want %d", kid, len(keys), err, want)
		}
	}
	if err := found(t, k, c, "three"); !errors.Is(err, keyset.ErrNoKey) {
		t.Errorf("an unknown kid: got %v", err)
	}
	if _, err := k.Candidates(t.Context(), c, "one", "RS256"); !errors.Is(err, keyset.ErrNoKey) {
		t.Errorf("another algorithm: got %v", err)
	}
	c.JWKS = encoded(t, two)
	if err := found(t, k, c, "one"); !errors.Is(err, keyset.ErrNoKey) {
		t.Errorf("after the registration changed: got %v", err)
	}
	if err := found(t, k, client.Client{ID: "bare"}, ""); !errors.Is(err, keyset.ErrNoKey) {
		t.Errorf("a client without keys: got %v", err)
	}
}

func TestATokenIsVerifiedByAnyKeyThatFits(t *testing.T) {
	_, other := keyOf(t, "")
	private, own := keyOf(t, "")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.Parse(text, keyset.Algorithms(client.Client{FAPI: client.FAPI2}))
	if err != nil {
		t.Fatal(err)
	}
	k := &keyset.Keys{}
	if _, err := k.Verify(t.Context(), client.Client{ID: "app", JWKS: encoded(t, other, own)}, token); err != nil {
		t.Errorf("the second key: got %v", err)
	}
	if _, err := k.Verify(t.Context(), client.Client{ID: "app", JWKS: encoded(t, other)}, token); !errors.Is(err, jws.ErrInvalid) {
		t.Errorf("another key: got %v", err)
	}
}

func TestPublishedKeysAreKeptForAsLongAsTheAnswerSaysWithinBounds(t *testing.T) {
	for cache, want := range map[string]time.Duration{
		"": 15 * time.Minute, "max-age=1": 5 * time.Minute, "public, max-age=3600": time.Hour,
		"no-store": 5 * time.Minute, "max-age=9999999": 24 * time.Hour, "max-age=soon": 15 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, one := keyOf(t, "one")
			s := &site{body: encoded(t, one), status: http.StatusOK, cache: cache}
			k := &keyset.Keys{Outbound: s}
			for range 3 {
				if err := found(t, k, published, "one"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(want - time.Second)
			_ = found(t, k, published, "one")
			if got := s.asked.Load(); got != 1 {
				t.Errorf("%q: asked %d times before its end, want 1", cache, got)
			}
			time.Sleep(time.Second)
			_ = found(t, k, published, "one")
			if got := s.asked.Load(); got != 2 {
				t.Errorf("%q: asked %d times after its end, want 2", cache, got)
			}
		})
	}
}

// Requirement 79: an unknown kid cannot trigger more than one fetch in a minute.
func TestAnUnknownKidAsksTheClientOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one := keyOf(t, "one")
		s := &site{body: encoded(t, one), status: http.StatusOK}
		k := &keyset.Keys{Outbound: s}
		if err := found(t, k, published, "one"); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if err := found(t, k, published, "two"); !errors.Is(err, keyset.ErrNoKey) {
				t.Fatalf("got %v", err)
			}
		}
		if got := s.asked.Load(); got != 1 {
			t.Errorf("asked %d times within the minute, want 1", got)
		}
		_, two := keyOf(t, "two")
		s.body = encoded(t, one, two)
		time.Sleep(time.Minute)
		if err := found(t, k, published, "two"); err != nil {
			t.Errorf("after the client changed its keys: got %v", err)
		}
		for range 100 {
			_ = found(t, k, published, "three")
		}
		if got := s.asked.Load(); got != 2 {
			t.Errorf("asked %d times in two minutes, want 2", got)
		}
	})
}

func TestManyWhoNeedKeysAtOnceAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one := keyOf(t, "one")
		s := &site{body: encoded(t, one), status: http.StatusOK, slow: time.Second}
		k := &keyset.Keys{Outbound: s}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := found(t, k, published, "one"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := s.asked.Load(); got != 1 {
			t.Errorf("asked %d times, want 1", got)
		}
	})
}

func TestAFailureIsRememberedForAMinuteAndOldKeysServeForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, one := keyOf(t, "one")
		s := &site{}
		k := &keyset.Keys{Outbound: s}
		for range 10 {
			if err := found(t, k, published, "one"); err == nil {
				t.Fatal("found a key at an address that does not answer")
			}
		}
		if got := s.asked.Load(); got != 1 {
			t.Errorf("asked %d times within the minute, want 1", got)
		}
		time.Sleep(time.Minute)
		s.body, s.status = encoded(t, one), http.StatusOK
		if err := found(t, k, published, "one"); err != nil {
			t.Fatalf("once it answers: %v", err)
		}
		s.status = http.StatusInternalServerError
		time.Sleep(23 * time.Hour)
		if err := found(t, k, published, "one"); err != nil {
			t.Errorf("while the address fails: got %v, want the last keys", err)
		}
		time.Sleep(2 * time.Hour)
		if err := found(t, k, published, "one"); err == nil {
			t.Error("keys were believed for more than a day without an answer")
		}
	})
}

func TestAnswersThatAreNoKeySetAreRefused(t *testing.T) {
	_, one := keyOf(t, "one")
	private, _ := keyOf(t, "one")
	good := encoded(t, one)
	for name, s := range map[string]*site{
		"a redirect":    {status: http.StatusFound, body: good},
		"not found":     {status: http.StatusNotFound, body: good},
		"a page":        {status: http.StatusOK, body: "<html>"},
		"too long":      {status: http.StatusOK, body: good + strings.Repeat(" ", 64<<10)},
		"a private key": {status: http.StatusOK, body: encoded(t, jose.JSONWebKey{Key: private, KeyID: "one"})},
	} {
		if err := found(t, &keyset.Keys{Outbound: s}, published, "one"); err == nil {
			t.Errorf("%s: a key was found", name)
		}
	}
	if err := found(t, &keyset.Keys{}, published, "one"); err == nil {
		t.Error("without a way out a key was found")
	}
}
