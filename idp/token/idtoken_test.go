package token_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/token"
)

// verified checks the token's signature with the keys that are published, and returns
// its claims. That a standard client library takes it, at_hash included, is tested in
// web/oidc.
func (w *world) verified(issued token.Issued, c client.Client) map[string]any {
	w.t.Helper()
	body, _, err := w.Keys.(*keys.Ring).JWKS(w.t.Context())
	must(w.t, err)
	var set jose.JSONWebKeySet
	must(w.t, json.Unmarshal(body, &set))
	jws, err := jose.ParseSignedCompact(issued.IDToken, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.IDTokenAlg)})
	must(w.t, err)
	header := jws.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != "JWT" {
		w.t.Errorf("got typ %v", header.ExtraHeaders[jose.HeaderType])
	}
	payload, err := jws.Verify(set.Key(header.KeyID)[0])
	must(w.t, err)
	var claims map[string]any
	must(w.t, json.Unmarshal(payload, &claims))
	return claims
}

func TestAnIDTokenSaysWhoSignedInHowAndWhen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []client.Client{w.app, w.spa} { // ES256 and EdDSA, whose at_hash differ
			r := w.request()
			r.ClientID = c.ID
			issued, err := w.Redeem(t.Context(), c, w.issue(r), redirect, verifier, token.Asked{})
			must(t, err)
			claims := w.verified(issued, c)
			want := map[string]any{
				"sub": w.alice.ID, "nonce": "n-1", "iat": float64(w.now.Unix()), "exp": float64(w.now.Add(time.Hour).Unix()), "iss": issuer, "aud": c.ID, "sid": w.session.SID, "acr": "urn:nod:acr:mfa",
				"auth_time": float64(w.now.Add(-30 * time.Second).Unix()),
			}
			for name, value := range want {
				if claims[name] != value {
					t.Errorf("%s: got %v, want %v", name, claims[name], value)
				}
			}
			for _, method := range []any{"pwd", "otp", "mfa"} {
				if !slices.Contains(claims["amr"].([]any), method) {
					t.Errorf("amr %v lacks %v", claims["amr"], method)
				}
			}
			for _, name := range []string{"azp", "name", "email", "preferred_username"} {
				if _, found := claims[name]; found {
					t.Errorf("%s is there", name)
				}
			}
		}
	})
}

func TestARefreshedIDTokenTellsOfTheOriginalAuthentication(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		before := w.verified(first, w.app)
		w.pass(time.Hour)
		after := w.verified(w.refresh(first.RefreshToken), w.app)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr", "sid"} {
			if before[name] != after[name] {
				t.Errorf("%s: got %v, want %v", name, after[name], before[name])
			}
		}
		if len(after["amr"].([]any)) != len(before["amr"].([]any)) {
			t.Errorf("got amr %v, want %v", after["amr"], before["amr"])
		}
		if after["nonce"] != nil || after["iat"] != float64(w.now.Unix()) {
			t.Errorf("got nonce %v, iat %v", after["nonce"], after["iat"])
		}
	})
}

func TestNoIDTokenWithoutTheScopeOpenID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued := w.signedIn("profile", "offline_access")
		if issued.IDToken != "" || w.refresh(issued.RefreshToken).IDToken != "" {
			t.Error("an ID token was issued")
		}
	})
}
