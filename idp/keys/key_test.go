package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// testKeys are made once: RSA keys are slow to find.
var testKeys = sync.OnceValue(func() map[Algorithm]*Key {
	made := map[Algorithm]*Key{}
	for _, a := range []Algorithm{RS256, PS256, ES256, EdDSA} {
		k, err := Generate(a, 0)
		if err != nil {
			panic(err)
		}
		made[a] = k
	}
	return made
})

func TestWhatAKeySignsGoJoseVerifies(t *testing.T) {
	for algorithm, key := range testKeys() {
		t.Run(string(algorithm), func(t *testing.T) {
			claims := map[string]any{"sub": "usr_1", "aud": []string{"ä<b>"}}
			token, err := key.SignClaims(claims, "at+jwt")
			if err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := jws.Verify(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := json.Marshal(claims); !bytes.Equal(payload, want) {
				t.Errorf("got %s, want %s", payload, want)
			}
			header := jws.Signatures[0].Protected
			if header.KeyID != key.ID() || header.Algorithm != string(algorithm) || header.ExtraHeaders["typ"] != "at+jwt" {
				t.Errorf("got header %+v", header)
			}
			if _, err := jws.Verify(other(t, algorithm).Public()); err == nil {
				t.Error("another key verifies it too")
			}
		})
	}
}

func TestAlteredTokensDoNotVerify(t *testing.T) {
	for algorithm, key := range testKeys() {
		token, err := key.Sign([]byte(`{"sub":"usr_1"}`), "JWT")
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(token, ".")
		forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"usr_2"}`)) + "." + parts[2]
		jws, err := jose.ParseSignedCompact(forged, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(key.Public()); err == nil {
			t.Errorf("%s: the forged token verifies", algorithm)
		}
	}
}

func TestTheHeaderHoldsNothingElse(t *testing.T) {
	key := testKeys()[ES256]
	for typ, want := range map[string]string{
		"":                       `{"alg":"ES256","kid":"` + key.ID() + `"}`,
		"JWT":                    `{"alg":"ES256","kid":"` + key.ID() + `","typ":"JWT"}`,
		"application/logout+jwt": `{"alg":"ES256","kid":"` + key.ID() + `","typ":"application/logout+jwt"}`,
	} {
		token, err := key.Sign(nil, typ)
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(token, ".")
		if got, err := base64.RawURLEncoding.DecodeString(header); string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	for _, typ := range []string{`JWT"`, `a","alg":"none`, "a b", "a\n", "ä", `a\b`} {
		if _, err := key.Sign(nil, typ); err == nil {
			t.Errorf("typ %q was accepted", typ)
		}
	}
}

func TestClaimsThatAreNotJSONAreAnError(t *testing.T) {
	if _, err := testKeys()[ES256].SignClaims(make(chan int), "JWT"); err == nil {
		t.Error("got no error")
	}
}

func TestAnECDSASignatureHasItsFullLengthEveryTime(t *testing.T) {
	for range 600 { // one in 128 has a number with a leading zero
		signature, err := testKeys()[ES256].signature([]byte("x"))
		if err != nil || len(signature) != 64 {
			t.Fatalf("got %d bytes, %v, want 64", len(signature), err)
		}
	}
}

func TestAKeyReadsBackAsItWasWritten(t *testing.T) {
	for algorithm, key := range testKeys() {
		der, err := key.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(algorithm, der)
		if err != nil {
			t.Fatal(err)
		}
		if again.ID() != key.ID() || again.Algorithm() != algorithm {
			t.Errorf("got %s %s, want %s %s", again.Algorithm(), again.ID(), algorithm, key.ID())
		}
	}
}

func TestAKeyThatDoesNotFitItsAlgorithmIsRefused(t *testing.T) {
	der := map[Algorithm][]byte{}
	for algorithm, key := range testKeys() {
		der[algorithm], _ = key.Marshal()
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrongCurve, _ := x509.MarshalPKCS8PrivateKey(p384)
	for name, test := range map[string]struct {
		algorithm Algorithm
		der       []byte
	}{
		"an elliptic curve key for RSA":    {RS256, der[ES256]},
		"an RSA key for elliptic curves":   {ES256, der[RS256]},
		"an Ed25519 key for P-256":         {ES256, der[EdDSA]},
		"an RSA key for Ed25519":           {EdDSA, der[PS256]},
		"a key on another curve":           {ES256, wrongCurve},
		"any key for an HMAC":              {"HS256", der[RS256]},
		"any key for none":                 {"none", der[RS256]},
		"no key":                           {RS256, nil},
		"bytes that are no key":            {RS256, []byte("key")},
		"a key whose last byte is missing": {EdDSA, der[EdDSA][:len(der[EdDSA])-1]},
	} {
		if _, err := Parse(test.algorithm, test.der); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestWishesThatCannotBeGrantedAreErrors(t *testing.T) {
	for name, test := range map[string]struct {
		algorithm Algorithm
		bits      int
	}{
		"a short RSA key":          {RS256, 1024},
		"an odd RSA key":           {RS256, 2049},
		"an endless RSA key":       {PS256, 1 << 20},
		"a size for a curve":       {ES256, 2048},
		"an HMAC":                  {"HS256", 0},
		"no algorithm":             {"", 0},
		"the name in another case": {"rs256", 0},
	} {
		if _, err := Generate(test.algorithm, test.bits); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := ParseAlgorithm("none"); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("got %v, want ErrAlgorithm", err)
	}
	if a, err := ParseAlgorithm("PS256"); a != PS256 || err != nil {
		t.Errorf("got %s, %v", a, err)
	}
}

func TestARSAKeyOf3072BitsOnRequest(t *testing.T) {
	key, err := Generate(RS256, 3072)
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign([]byte("{}"), "JWT")
	if err != nil {
		t.Fatal(err)
	}
	if signature := token[strings.LastIndexByte(token, '.')+1:]; len(signature) != 512 {
		t.Errorf("got a signature of %d characters, want 512", len(signature))
	}
}

func TestThePublicKeyIsNamedByItsThumbprintAndHoldsNothingPrivate(t *testing.T) {
	for algorithm, key := range testKeys() {
		text, err := json.Marshal(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		if members["kid"] != key.ID() || members["alg"] != string(algorithm) || members["use"] != "sig" {
			t.Errorf("got %s", text)
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, held := members[private]; held {
				t.Errorf("%s: the public key holds %q", algorithm, private)
			}
		}
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(text, &jwk); err != nil || !jwk.IsPublic() {
			t.Fatalf("got %v, public %v", err, jwk.IsPublic())
		}
		thumbprint, _ := jwk.Thumbprint(crypto.SHA256)
		if got := base64.RawURLEncoding.EncodeToString(thumbprint); got != key.ID() {
			t.Errorf("got kid %s, want %s", key.ID(), got)
		}
	}
}

// other makes a second key of the same kind.
func other(t *testing.T, algorithm Algorithm) *Key {
	t.Helper()
	key, err := Generate(algorithm, 0)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func BenchmarkSign(b *testing.B) {
	payload := bytes.Repeat([]byte("x"), 600) // about an ID token
	for _, algorithm := range []Algorithm{RS256, PS256, ES256, EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			key := testKeys()[algorithm]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.Sign(payload, "JWT"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, algorithm := range []Algorithm{RS256, ES256, EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			for b.Loop() {
				if _, err := Generate(algorithm, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
