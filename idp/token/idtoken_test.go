package token_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/token"
)

// verified has a standard client library check the token and its at_hash.
func (w *world) verified(issued token.Issued, c client.Client) (*oidc.IDToken, map[string]any) {
	w.t.Helper()
	ring := w.Keys.(*keys.Ring)
	body, _, err := ring.JWKS(w.t.Context())
	must(w.t, err)
	var set jose.JSONWebKeySet
	must(w.t, json.Unmarshal(body, &set))
	static := &oidc.StaticKeySet{}
	for _, k := range set.Keys {
		static.PublicKeys = append(static.PublicKeys, k.Key)
	}
	verifier := oidc.NewVerifier(issuer, static, &oidc.Config{
		ClientID: c.ID, Now: w.clock, SupportedSigningAlgs: []string{string(c.IDTokenAlg)},
	})
	id, err := verifier.Verify(w.t.Context(), issued.IDToken)
	must(w.t, err)
	must(w.t, id.VerifyAccessToken(issued.AccessToken))
	var claims map[string]any
	must(w.t, id.Claims(&claims))
	return id, claims
}

func TestAnIDTokenSaysWhoSignedInHowAndWhen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []client.Client{w.app, w.spa} { // ES256 and EdDSA, whose at_hash differ
			r := w.request()
			r.ClientID = c.ID
			issued, err := w.Redeem(t.Context(), c, w.issue(r), redirect, verifier)
			must(t, err)
			id, claims := w.verified(issued, c)
			if id.Subject != w.alice.ID || id.Nonce != "n-1" || !id.IssuedAt.Equal(w.now) || !id.Expiry.Equal(w.now.Add(time.Hour)) {
				t.Errorf("got %+v", id)
			}
			want := map[string]any{
				"iss": issuer, "aud": c.ID, "sid": w.session.SID, "acr": "urn:nod:acr:mfa",
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
			jws, err := jose.ParseSignedCompact(issued.IDToken, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.IDTokenAlg)})
			must(t, err)
			if typ := jws.Signatures[0].Protected.ExtraHeaders["typ"]; typ != "JWT" {
				t.Errorf("got typ %v", typ)
			}
		}
	})
}

func TestARefreshedIDTokenTellsOfTheOriginalAuthentication(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		_, before := w.verified(first, w.app)
		w.pass(time.Hour)
		id, after := w.verified(w.refresh(first.RefreshToken), w.app)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "acr", "sid"} {
			if before[name] != after[name] {
				t.Errorf("%s: got %v, want %v", name, after[name], before[name])
			}
		}
		if len(after["amr"].([]any)) != len(before["amr"].([]any)) {
			t.Errorf("got amr %v, want %v", after["amr"], before["amr"])
		}
		if id.Nonce != "" || !id.IssuedAt.Equal(w.now) {
			t.Errorf("got nonce %q, iat %v", id.Nonce, id.IssuedAt)
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
