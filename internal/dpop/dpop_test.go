package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/dpop"
)

const (
	tokenURL = "https://id.example/oauth/token"
	access   = "noa_token"
)

type world struct {
	*dpop.Judge
	t   testing.TB
	now time.Time
	key *ecdsa.PrivateKey
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, now: time.Unix(1_800_000_030, 0)}
	var err error
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.Judge = &dpop.Judge{DB: d, NonceKey: make([]byte, 32), Now: func() time.Time { return w.now }}
	return w
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

// proof signs a proof whose claims are the usual ones, changed.
func (w *world) proof(change map[string]any) string {
	return w.signed(change, map[jose.HeaderKey]any{"typ": "dpop+jwt"}, true)
}

func (w *world) signed(change map[string]any, header map[jose.HeaderKey]any, embed bool) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"jti": rand.Text(), "htm": "POST", "htu": tokenURL, "iat": w.now.Unix(), "ath": base64.RawURLEncoding.EncodeToString(sum[:]),
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, &jose.SignerOptions{EmbedJWK: embed, ExtraHeaders: header})
	if err != nil {
		w.t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := object.CompactSerialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

var request = dpop.Request{Method: "POST", URL: tokenURL}

func (w *world) try(text string, r dpop.Request) error {
	_, err := w.Use(w.t.Context(), text, r)
	return err
}

func TestAProofNamesItsKeyAndCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := w.proof(nil)
		p, err := w.Use(t.Context(), text, request)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := (&jose.JSONWebKey{Key: w.key.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if want := base64.RawURLEncoding.EncodeToString(sum); p.Thumbprint != want {
			t.Errorf("got %q, want %q", p.Thumbprint, want)
		}
		if err := w.try(text, request); !errors.Is(err, dpop.ErrInvalid) {
			t.Errorf("the second time: got %v", err)
		}
		if err := w.try(w.proof(map[string]any{"jti": p.ID}), request); !errors.Is(err, dpop.ErrInvalid) {
			t.Errorf("another proof of the same jti: got %v", err)
		}
		other := newWorld(t, w.DB) // as after a restart
		other.key = w.key
		if err := other.try(text, request); !errors.Is(err, dpop.ErrInvalid) {
			t.Errorf("after a restart: got %v", err)
		}
		other.key = newWorld(t, w.DB).key
		if err := other.try(other.proof(map[string]any{"jti": p.ID}), request); err != nil {
			t.Errorf("the same jti under another key: got %v", err)
		}
	})
}

func TestAProofIsUsedOnceByManyHands(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := w.proof(nil)
		errs := make(chan error, 64)
		for range cap(errs) {
			go func() { errs <- w.try(text, request) }()
		}
		won := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				won++
			} else if !errors.Is(err, dpop.ErrInvalid) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d used it, want 1", won)
		}
	})
}

func TestAProofForAnythingElseIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		withToken := dpop.Request{Method: "POST", URL: tokenURL, AccessToken: access}
		if err := w.try(w.proof(nil), withToken); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"no proof":               "",
			"another method":         w.proof(map[string]any{"htm": "GET"}),
			"a method in lower case": w.proof(map[string]any{"htm": "post"}),
			"no method":              w.proof(map[string]any{"htm": nil}),
			"another host":           w.proof(map[string]any{"htu": "https://id.example.org/oauth/token"}),
			"another path":           w.proof(map[string]any{"htu": "https://id.example/oauth/revoke"}),
			"another scheme":         w.proof(map[string]any{"htu": "http://id.example/oauth/token"}),
			"another port":           w.proof(map[string]any{"htu": "https://id.example:8443/oauth/token"}),
			"a user in the address":  w.proof(map[string]any{"htu": "https://me@id.example/oauth/token"}),
			"no address":             w.proof(map[string]any{"htu": nil}),
			"no jti":                 w.proof(map[string]any{"jti": nil}),
			"a jti that is a number": w.proof(map[string]any{"jti": 1}),
			"no iat":                 w.proof(map[string]any{"iat": nil}),
			"an iat that is text":    w.proof(map[string]any{"iat": "now"}),
			"an absurd iat":          w.proof(map[string]any{"iat": 1e300}),
			"an nbf ahead":           w.proof(map[string]any{"nbf": w.now.Add(61 * time.Second).Unix()}),
			"an exp that is over":    w.proof(map[string]any{"exp": w.now.Unix()}),
			"an iat ahead":           w.proof(map[string]any{"iat": w.now.Add(61 * time.Second).Unix()}),
			"no hash of the token":   w.proof(map[string]any{"ath": nil}),
			"another token's hash":   w.proof(map[string]any{"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}),
			"another typ":            w.signed(nil, map[jose.HeaderKey]any{"typ": "JWT"}, true),
			"no typ":                 w.signed(nil, nil, true),
			"no key":                 w.signed(nil, map[jose.HeaderKey]any{"typ": "dpop+jwt"}, false),
			"a private key": w.signed(nil, map[jose.HeaderKey]any{"typ": "dpop+jwt",
				"jwk": jose.JSONWebKey{Key: w.key}}, false),
			"a key that did not sign": w.signed(nil, map[jose.HeaderKey]any{"typ": "dpop+jwt",
				"jwk": jose.JSONWebKey{Key: newWorld(t, w.DB).key.Public()}}, false),
		} {
			if err := w.try(text, withToken); !errors.Is(err, dpop.ErrInvalid) {
				t.Errorf("%s: got %v, want invalid", name, err)
			}
		}
		strict := request
		strict.Algorithms = []string{"PS256"}
		if err := w.try(w.proof(nil), strict); !errors.Is(err, dpop.ErrInvalid) {
			t.Errorf("an algorithm that is not allowed here: got %v", err)
		}
	})
}

func TestAnAddressIsComparedByWhatItMeans(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, same := range []string{
			"HTTPS://ID.example/oauth/token", "https://id.example:443/oauth/token", "https://id.example/oauth/token?a=b#c",
			"https://id.example/%6Fauth/token",
		} {
			if err := w.try(w.proof(map[string]any{"htu": same}), request); err != nil {
				t.Errorf("%s: got %v, want it to be the same", same, err)
			}
		}
	})
}

func TestTheClockCountsUntilANonceDoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := func(d time.Duration, nonce any) string {
			return w.proof(map[string]any{"iat": w.now.Add(d).Unix(), "nonce": nonce})
		}
		nonce := w.Nonce()
		for name, c := range map[string]struct {
			text   string
			demand bool
			want   error
		}{
			"ten seconds ahead":                {at(10*time.Second, nil), false, nil},
			"a minute behind":                  {at(-time.Minute, nil), false, nil},
			"more than a minute behind":        {at(-61*time.Second, nil), false, dpop.ErrUseNonce},
			"five minutes behind with a nonce": {at(-5*time.Minute, nonce), false, nil},
			"an hour behind with a nonce":      {at(-time.Hour, nonce), false, dpop.ErrInvalid},
			"an hour behind":                   {at(-time.Hour, nil), false, dpop.ErrInvalid},
			"ahead with a nonce":               {at(61*time.Second, nonce), false, dpop.ErrInvalid},
			"a nonce of somebody else":         {at(0, "not ours"), false, dpop.ErrUseNonce},
			"no nonce where one is demanded":   {at(0, nil), true, dpop.ErrUseNonce},
			"a nonce where one is demanded":    {at(0, nonce), true, nil},
		} {
			r := request
			r.DemandNonce = c.demand
			if err := w.try(c.text, r); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		w.now = w.now.Add(dpop.NonceLife)
		if err := w.try(at(0, nonce), request); !errors.Is(err, dpop.ErrUseNonce) {
			t.Errorf("a nonce that is too old: got %v", err)
		}
		if w.Nonce() == nonce {
			t.Error("the nonce stays the same for ever")
		}
		foreign := &dpop.Judge{NonceKey: []byte("another key"), Now: w.Now}
		if err := w.try(at(0, foreign.Nonce()), request); !errors.Is(err, dpop.ErrUseNonce) {
			t.Errorf("a nonce under another key: got %v", err)
		}
	})
}

// The example of RFC 9449, section 4.2, with the thumbprint of section 6.1.
const example = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"

func TestTheExampleOfTheStandardHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.now = time.Unix(1562262616, 0)
		p, err := w.Use(t.Context(), example, dpop.Request{Method: "POST", URL: "https://server.example.com/token"})
		if err != nil {
			t.Fatal(err)
		}
		if want := "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"; p.Thumbprint != want {
			t.Errorf("got %q, want %q", p.Thumbprint, want)
		}
	})
}

func FuzzUse(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	f.Add(example)
	f.Add(w.proof(nil))
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := w.Use(t.Context(), text, request)
		if err == nil && (p.Thumbprint == "" || p.ID == "") {
			t.Error("a proof without a key or an id holds")
		}
		if err != nil && !errors.Is(err, dpop.ErrInvalid) && !errors.Is(err, dpop.ErrUseNonce) {
			t.Error(err)
		}
	})
}

func TestNoProofOfBeforeARestoreIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.proof(map[string]any{"nonce": w.Nonce()})
		w.Since = w.now.Add(500 * time.Millisecond) // which of them were used is forgotten
		w.now = w.now.Add(2 * time.Second)
		if err := w.try(before, request); !errors.Is(err, dpop.ErrInvalid) {
			t.Errorf("one made before: got %v", err)
		}
		if err := w.try(w.proof(nil), request); err != nil {
			t.Errorf("one made since: got %v", err)
		}
	})
}
