package jws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/jws"
)

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"sub":"app"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func raw(header, payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(header)) + "." + b64([]byte(payload)) + "." + b64([]byte("not a signature"))
}

func public(key any) crypto.PublicKey { return key.(crypto.Signer).Public() }

func keysOf(t testing.TB) map[string]any {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}
}

func TestATokenIsVerifiedByTheKeyThatSignedItAndNoOther(t *testing.T) {
	ours, others := keysOf(t), keysOf(t)
	for _, alg := range jws.Algorithms() {
		text := sign(t, jose.SignatureAlgorithm(alg), ours[alg], map[jose.HeaderKey]any{"typ": "application/JWT", "kid": "one"})
		token, err := jws.Parse(text, jws.Algorithms())
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if token.Type != "jwt" || token.KID != "one" || token.Algorithm != alg {
			t.Errorf("%s: got typ %q, kid %q, alg %q", alg, token.Type, token.KID, token.Algorithm)
		}
		if payload, err := token.Verify(public(ours[alg])); err != nil || string(payload) != `{"sub":"app"}` {
			t.Errorf("%s: got %q, %v", alg, payload, err)
		}
		if _, err := token.Verify(public(others[alg])); !errors.Is(err, jws.ErrInvalid) {
			t.Errorf("%s by another key: got %v, want a refusal", alg, err)
		}
		cut := strings.LastIndex(text, ".")
		changed := text[:cut-2] + "AA" + text[cut:]
		if token, err := jws.Parse(changed, jws.Algorithms()); err == nil {
			if _, err := token.Verify(public(ours[alg])); err == nil {
				t.Errorf("%s: a changed payload was verified", alg)
			}
		}
	}
}

func TestTheKeyDecidesWhichAlgorithmsItServes(t *testing.T) {
	keys := keysOf(t)
	token, err := jws.Parse(sign(t, jose.ES256, keys["ES256"], nil), jws.Algorithms())
	if err != nil {
		t.Fatal(err)
	}
	short := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537} // Go makes none of 1024 bits any more
	for name, key := range map[string]any{"RSA": public(keys["RS256"]), "Ed25519": public(keys["EdDSA"]), "a secret": []byte("secret")} {
		if _, err := token.Verify(key); !errors.Is(err, jws.ErrInvalid) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if jws.Fits(short, "RS256") {
		t.Error("1024 bits are long enough")
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if jws.Fits(&curve.PublicKey, "ES256") {
		t.Error("P-384 is a key for ES256")
	}
}

func TestWhatIsNoAcceptableTokenIsRefused(t *testing.T) {
	keys := keysOf(t)
	good := sign(t, jose.ES256, keys["ES256"], nil)
	for name, text := range map[string]string{
		"nothing":                      "",
		"two parts":                    strings.Join(strings.Split(good, ".")[:2], "."),
		"an encrypted one":             good + ".a.b",
		"no algorithm":                 raw(`{"alg":"none"}`, `{}`),
		"an HMAC":                      sign(t, jose.HS256, make([]byte, 32), nil),
		"an algorithm not on the list": raw(`{"alg":"ES512"}`, `{}`),
		"a case that differs":          raw(`{"alg":"es256"}`, `{}`),
		"an extension":                 raw(`{"alg":"ES256","crit":["exp"],"exp":1}`, `{}`),
		"an unencoded payload":         raw(`{"alg":"ES256","b64":false}`, `{}`),
		"compression":                  raw(`{"alg":"ES256","zip":"DEF"}`, `{}`),
		"two algorithms":               raw(`{"alg":"ES256","alg":"RS256"}`, `{}`),
		"a header that is a list":      raw(`[]`, `{}`),
		"a header with more behind":    raw(`{"alg":"ES256"}{}`, `{}`),
		"a kid that is a number":       raw(`{"alg":"ES256","kid":1}`, `{}`),
		"a private key in the header":  raw(`{"alg":"ES256","jwk":{"kty":"EC"}}`, `{}`),
		"a very long header":           raw(`{"alg":"ES256","x":"`+strings.Repeat("x", 4<<10)+`"}`, `{}`),
		"a very long token":            raw(`{"alg":"ES256"}`, strings.Repeat("x", 64<<10)),
		"JSON serialisation":           `{"payload":"e30","protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AA"}`,
	} {
		if _, err := jws.Parse(text, jws.Algorithms()); !errors.Is(err, jws.ErrInvalid) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if _, err := jws.Parse(sign(t, jose.RS256, keys["RS256"], nil), jws.StrictAlgorithms()); !errors.Is(err, jws.ErrInvalid) {
		t.Errorf("RS256 where FAPI rules it out: got %v, want a refusal", err)
	}
}

// jku, x5u, x5c and jwk may say where a key is; nobody goes there (RFC 8725, section 3.10).
func TestHeadersThatPointToKeysChangeNothing(t *testing.T) {
	keys := keysOf(t)
	for name, value := range map[jose.HeaderKey]any{"jku": "https://attacker.example/keys", "x5u": "https://attacker.example/cert"} {
		token, err := jws.Parse(sign(t, jose.ES256, keys["ES256"], map[jose.HeaderKey]any{name: value}), jws.Algorithms())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := token.Verify(public(keys["ES256"])); err != nil {
			t.Errorf("%s: got %v, want the registered key to count", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	keys := keysOf(f)
	f.Add(sign(f, jose.ES256, keys["ES256"], map[jose.HeaderKey]any{"typ": "JWT", "kid": "one"}))
	f.Add(raw(`{"alg":"none"}`, `{}`))
	f.Add(raw(`{"alg":"ES256","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}}`, `{"a":1}`))
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := jws.Parse(text, jws.Algorithms())
		if err != nil {
			if !errors.Is(err, jws.ErrInvalid) {
				t.Errorf("got %v, want a refusal of ours", err)
			}
			return
		}
		if other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
			if _, err := token.Verify(&other.PublicKey); err == nil {
				t.Error("a key made just now verified a token")
			}
		}
	})
}
