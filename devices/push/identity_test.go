package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
)

func testBox() *seal.Box {
	return seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test"))
}

func TestTheKeyIsMadeOnceHoweverManyNodesStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		box := testBox()
		keys := make([]string, 8)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				id, err := OpenIdentity(t.Context(), d, box, IdentityOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				keys[i] = id.PublicKey()
			})
		}
		wg.Wait()
		for _, k := range keys {
			if raw, err := unbase64(k); k != keys[0] || err != nil || len(raw) != 65 || raw[0] != 4 {
				t.Errorf("got %q and %q, want one uncompressed point", k, keys[0])
			}
		}
		var made int
		if err := d.Get(t.Context(), &made, "SELECT count(*) FROM audit WHERE action = 'push.key.created'"); err != nil || made != 1 {
			t.Errorf("got %d journal entries, %v, want 1", made, err)
		}
		var stored []byte
		if err := d.Get(t.Context(), &stored, "SELECT private_key FROM push_keys"); err != nil {
			t.Fatal(err)
		}
		if _, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), stored); err == nil {
			t.Error("the private key is stored in the clear")
		}
		if _, err := OpenIdentity(t.Context(), d, testBox(), IdentityOptions{}); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("under another sealing key: got %v, want ErrWrongKey", err)
		}
	})
}

func testIdentity(t testing.TB, subject string, now func() time.Time) *Identity {
	t.Helper()
	id, err := OpenIdentity(context.Background(), dbtest.SQLite(t), testBox(), IdentityOptions{Subject: subject, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestATokenSaysWhatTheStandardAsks(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	id := testIdentity(t, "https://id.example.org", func() time.Time { return now })
	header, err := id.authorization("https://web.push.apple.com")
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(header, "vapid t=")
	token, key, found := strings.Cut(rest, ", k=")
	if !ok || !found || key != id.PublicKey() {
		t.Fatalf("got %q", header)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := parsed.Claims(&id.key.PublicKey, &claims); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"aud": "https://web.push.apple.com", "sub": "https://id.example.org", "exp": float64(now.Add(12 * time.Hour).Unix())}
	if len(claims) != len(want) || claims["aud"] != want["aud"] || claims["sub"] != want["sub"] || claims["exp"] != want["exp"] {
		t.Errorf("got %v, want %v", claims, want)
	}
	if h := parsed.Headers[0]; h.Algorithm != "ES256" || h.ExtraHeaders[jose.HeaderType] != "JWT" {
		t.Errorf("got header %+v", h)
	}
}

func TestATokenIsKeptForHoursAndForOneOrigin(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	id := testIdentity(t, "", func() time.Time { return now })
	get := func(origin string) string {
		t.Helper()
		header, err := id.authorization(origin)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	first := get("https://a.example")
	if other := get("https://b.example"); other == first {
		t.Error("two origins got one token")
	}
	now = now.Add(11*time.Hour - time.Second)
	if get("https://a.example") != first {
		t.Error("just under 11 h: got another token")
	}
	now = now.Add(time.Second)
	second := get("https://a.example")
	if second == first {
		t.Error("at 11 h: got the old token")
	}
	id.tokens.forget("https://a.example")
	third := get("https://a.example")
	if third == second {
		t.Error("after it was refused: got the old token")
	}
	now = now.Add(-24 * time.Hour) // the clock was wrong
	if get("https://a.example") == third {
		t.Error("with the clock set back: got a token that is good for too long")
	}
	for i := range 3 * tokensKept {
		get("https://" + strings.Repeat("x", i%60+1) + ".example" + strings.Repeat("y", i/60))
	}
	if n := len(id.tokens.kept); n > tokensKept {
		t.Errorf("got %d tokens kept", n)
	}
}

// The signature of the standard's own example, checked as ours are.
func TestTheExampleOfTheStandardVerifies(t *testing.T) {
	text, err := os.ReadFile("testdata/rfc8292-section-2.4.json")
	if err != nil {
		t.Fatal(err)
	}
	var vector struct {
		Token, Key string
		Claims     map[string]any
	}
	if err := json.Unmarshal(text, &vector); err != nil {
		t.Fatal(err)
	}
	raw, err := unbase64(vector.Key)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(vector.Token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := parsed.Claims(key, &claims); err != nil {
		t.Fatal(err)
	}
	for name, want := range vector.Claims {
		if claims[name] != want {
			t.Errorf("%s: got %v, want %v", name, claims[name], want)
		}
	}
	if header, _, _ := strings.Cut(vector.Token, "."); header != tokenHeader {
		t.Errorf("got header %s, ours is %s", header, tokenHeader)
	}
}

func TestTheSubjectIsAnAddressThatPushServicesTake(t *testing.T) {
	for publicURL, want := range map[string]string{
		"https://id.example.org": "https://id.example.org",
		"http://localhost:8080":  "mailto:postmaster@localhost",
	} {
		if got := Subject(publicURL); got != want {
			t.Errorf("%s: got %s, want %s", publicURL, got, want)
		}
	}
}
