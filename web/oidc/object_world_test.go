package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
)

// signers are the keys of the client signed, by algorithm.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"RS256": r, "PS256": r, "ES256": e, "EdDSA": ed}
})

// addSigned registers the client signed, which has keys. change may be nil.
func (w *world) addSigned(change func(*client.New)) {
	w.t.Helper()
	set := jose.JSONWebKeySet{}
	for alg, key := range signers() {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: alg, Use: "sig"})
	}
	text, err := json.Marshal(set)
	must(w.t, err)
	n := client.New{
		ID: "signed", Name: "Signed", RedirectURIs: []string{redirect}, IDTokenAlg: client.ES256, JWKS: string(text),
		AuthMethod: client.AuthPost, FirstParty: true,
	}
	if change != nil {
		change(&n)
	}
	_, w.posted, err = w.clients.Add(w.t.Context(), n)
	must(w.t, err)
}

// claimSet is a complete request object of the client signed, with changes: nil leaves a
// member out.
func (w *world) claimSet(changes map[string]any) map[string]any {
	now := w.clock()
	claims := map[string]any{
		"iss": "signed", "aud": w.url, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "jti": "1",
		"client_id": "signed", "response_type": "code", "redirect_uri": redirect, "scope": "openid email", "state": "inside", "nonce": "n",
		"code_challenge": challenge, "code_challenge_method": "S256", "max_age": 300, "claims": map[string]any{"userinfo": map[string]any{"name": nil}},
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// object signs claims as the client does.
func object(t testing.TB, alg, typ string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	must(t, err)
	options := (&jose.SignerOptions{}).WithHeader("kid", alg)
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: signers()[alg]}, options)
	must(t, err)
	signed, err := signer.Sign(payload)
	must(t, err)
	text, err := signed.CompactSerialize()
	must(t, err)
	return text
}

// claimsOf reads a token without a look at its signature.
func claimsOf(t testing.TB, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%.60q is no token", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	must(t, json.Unmarshal(payload, &claims))
	return claims
}
