package assertion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/assertion"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

const issuer = "https://id.example"

// rsaKey is made once: it takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

type world struct {
	*assertion.Judge
	t      testing.TB
	now    time.Time
	key    *ecdsa.PrivateKey
	rsa    *rsa.PrivateKey
	client client.Client
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, now: time.Unix(1_800_000_000, 0)}
	var err error
	w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	w.rsa = rsaKey()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: w.key.Public(), KeyID: "ec"}, {Key: w.rsa.Public(), KeyID: "rsa"},
	}})
	must(t, err)
	w.client = client.Client{ID: "app", AuthMethod: client.AuthPrivateKey, JWKS: string(set)}
	w.Judge = &assertion.Judge{Issuer: issuer, Keys: &keyset.Keys{}, DB: d, Now: func() time.Time { return w.now }}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

// assert signs an assertion whose claims are the usual ones, changed.
func (w *world) assert(change map[string]any) string {
	return w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: w.key, KeyID: "ec"}}, "JWT", change)
}

func (w *world) signed(key jose.SigningKey, typ string, change map[string]any) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": "app", "sub": "app", "aud": issuer, "jti": rand.Text(), "iat": w.now.Unix(), "exp": w.now.Add(time.Minute).Unix(),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	must(w.t, err)
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(key, options)
	must(w.t, err)
	object, err := signer.Sign(payload)
	must(w.t, err)
	text, err := object.CompactSerialize()
	must(w.t, err)
	return text
}

func (w *world) try(text string) error { return w.Use(w.t.Context(), w.client, text) }

func TestAnAssertionCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := w.assert(nil)
		must(t, w.try(text))
		if err := w.try(text); !errors.Is(err, assertion.ErrInvalid) {
			t.Errorf("the second time: got %v", err)
		}
		again := newWorld(t, w.DB) // as after a restart
		again.client = w.client
		if err := again.try(text); !errors.Is(err, assertion.ErrInvalid) {
			t.Errorf("after a restart: got %v", err)
		}
		if err := w.try(w.assert(nil)); err != nil {
			t.Errorf("another one: got %v", err)
		}
		if id, err := assertion.Subject(text); err != nil || id != "app" {
			t.Errorf("whose it is: got %q, %v", id, err)
		}
	})
}

func TestAnAssertionIsUsedOnceByManyHands(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := w.assert(nil)
		errs := make(chan error, 64)
		for range cap(errs) {
			go func() { errs <- w.try(text) }()
		}
		won := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				won++
			} else if !errors.Is(err, assertion.ErrInvalid) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d used it, want 1", won)
		}
	})
}

func TestWhatAnAssertionMaySay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := func(d time.Duration) int64 { return w.now.Add(d).Unix() }
		for name, text := range map[string]string{
			"a list of one audience":     w.assert(map[string]any{"aud": []string{issuer}}),
			"a clock ten seconds ahead":  w.assert(map[string]any{"iat": at(10 * time.Second), "nbf": at(10 * time.Second), "exp": at(310 * time.Second)}),
			"no iat":                     w.assert(map[string]any{"iat": nil}),
			"a fraction of a second":     w.assert(map[string]any{"iat": float64(w.now.Unix()) - 0.5}),
			"five minutes":               w.assert(map[string]any{"exp": at(5 * time.Minute)}),
			"its own typ":                w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, "client-authentication+jwt", nil),
			"no typ and no kid":          w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, "", nil),
			"RS256":                      w.signed(jose.SigningKey{Algorithm: jose.RS256, Key: w.rsa}, "JWT", nil),
			"PS256 with more in the way": w.signed(jose.SigningKey{Algorithm: jose.PS256, Key: w.rsa}, "JWT", map[string]any{"extra": "claim"}),
		} {
			if err := w.try(text); err != nil {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestWhatAnAssertionMustNotSay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := func(d time.Duration) int64 { return w.now.Add(d).Unix() }
		stranger := newWorld(t, w.DB)
		for name, text := range map[string]string{
			"nothing":                         "",
			"another issuer":                  w.assert(map[string]any{"iss": "other"}),
			"another subject":                 w.assert(map[string]any{"sub": "other"}),
			"no subject":                      w.assert(map[string]any{"sub": nil}),
			"no audience":                     w.assert(map[string]any{"aud": nil}),
			"the token endpoint as audience":  w.assert(map[string]any{"aud": issuer + "/oauth/token"}),
			"the issuer with a slash":         w.assert(map[string]any{"aud": issuer + "/"}),
			"two audiences":                   w.assert(map[string]any{"aud": []string{issuer, "https://other.example"}}),
			"an empty list of audiences":      w.assert(map[string]any{"aud": []string{}}),
			"no jti":                          w.assert(map[string]any{"jti": nil}),
			"no exp":                          w.assert(map[string]any{"exp": nil}),
			"an exp that is text":             w.assert(map[string]any{"exp": "soon"}),
			"an exp that is over":             w.assert(map[string]any{"exp": at(0)}),
			"an exp six minutes away":         w.assert(map[string]any{"exp": at(6 * time.Minute)}),
			"an absurd exp":                   w.assert(map[string]any{"exp": 1e300}),
			"an iat more than a minute ahead": w.assert(map[string]any{"iat": at(61 * time.Second)}),
			"an nbf more than a minute ahead": w.assert(map[string]any{"nbf": at(61 * time.Second)}),
			"the typ of an access token":      w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, "at+jwt", nil),
			"the typ of a DPoP proof":         w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, "dpop+jwt", nil),
			"an HMAC":                         w.signed(jose.SigningKey{Algorithm: jose.HS256, Key: make([]byte, 32)}, "JWT", nil),
			"a key that is not registered":    stranger.assert(nil),
			"a kid of a key of another kind":  w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: w.key, KeyID: "rsa"}}, "JWT", nil),
			"a kid that is nowhere":           w.signed(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: w.key, KeyID: "no"}}, "JWT", nil),
		} {
			if err := w.try(text); !errors.Is(err, assertion.ErrInvalid) {
				t.Errorf("%s: got %v, want it refused", name, err)
			}
		}
	})
}

func TestFAPIIsStricter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.client.FAPI = client.FAPI2
		must(t, w.try(w.assert(nil)))
		for name, text := range map[string]string{
			"a list of one audience": w.assert(map[string]any{"aud": []string{issuer}}),
			"RS256":                  w.signed(jose.SigningKey{Algorithm: jose.RS256, Key: w.rsa}, "JWT", nil),
		} {
			if err := w.try(text); !errors.Is(err, assertion.ErrInvalid) {
				t.Errorf("%s: got %v, want it refused", name, err)
			}
		}
	})
}

func FuzzUse(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	f.Add(w.assert(nil))
	f.Add(w.assert(map[string]any{"aud": []string{issuer}, "exp": 1e300}))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if err := w.Use(t.Context(), w.client, text); err != nil && !errors.Is(err, assertion.ErrInvalid) {
			t.Error(err)
		}
	})
}

func TestNoAssertionOfBeforeARestoreIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Since = w.now.Add(500 * time.Millisecond) // which of them were used is forgotten
		before, unknown := w.assert(nil), w.assert(map[string]any{"iat": nil, "exp": w.now.Add(5 * time.Minute).Unix()})
		w.now = w.now.Add(2 * time.Second)
		for name, text := range map[string]string{"made before": before, "that does not say when it was made": unknown} {
			if err := w.try(text); !errors.Is(err, assertion.ErrInvalid) {
				t.Errorf("one %s: got %v", name, err)
			}
		}
		must(t, w.try(w.assert(nil)))
		w.now = w.now.Add(6 * time.Minute)
		must(t, w.try(w.assert(map[string]any{"iat": nil})))
	})
}
