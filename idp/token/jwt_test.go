package token_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/jws"
)

// signedClaims verifies a JWT access token as a resource server would (RFC 9068, section 4).
func (w *world) signedClaims(text string) map[string]any {
	w.t.Helper()
	parsed, err := jws.Parse(text, jws.Algorithms())
	must(w.t, err)
	if parsed.Type != "at+jwt" {
		w.t.Errorf("got typ %q", parsed.Type)
	}
	key, err := w.Keys.Public(w.t.Context(), parsed.KID)
	must(w.t, err)
	payload, err := parsed.Verify(key.Key)
	must(w.t, err)
	var claims map[string]any
	must(w.t, json.Unmarshal(payload, &claims))
	return claims
}

func (w *world) jwtApp() client.Client {
	return w.set("app", func(c *client.Client) {
		c.AccessTokens, c.Resources = client.JWTTokens, []string{"https://api.example"}
		c.Grants = append(c.Grants, client.ClientCredentials)
	})
}

func TestAJWTAccessTokenSaysWhatRFC9068Wants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.jwtApp()
		r := w.request("openid", "email")
		r.Resources = []string{"https://api.example"}
		issued, err := w.Redeem(t.Context(), c, w.issue(r), redirect, verifier, withKey)
		must(t, err)
		claims := w.signedClaims(issued.AccessToken)
		access, err := w.Access(t.Context(), issued.AccessToken)
		must(t, err)
		for name, want := range map[string]any{
			"iss": issuer, "sub": w.alice.ID, "aud": "https://api.example", "client_id": "app", "scope": "openid email", "jti": access.ID,
			"iat": float64(w.now.Unix()), "exp": float64(w.now.Unix() + 600), "acr": "urn:nod:acr:mfa", "sid": w.session.SID,
			"auth_time": float64(w.proof.FactorAt.Unix()),
		} {
			if claims[name] != want {
				t.Errorf("%s: got %v, want %v", name, claims[name], want)
			}
		}
		if amr, _ := claims["amr"].([]any); !slices.Contains(amr, any("mfa")) {
			t.Errorf("amr: got %v", claims["amr"])
		}
		if cnf, _ := claims["cnf"].(map[string]any); cnf["jkt"] != jkt {
			t.Errorf("cnf: got %v", claims["cnf"])
		}
		own, err := w.ClientCredentials(t.Context(), c, token.Asked{})
		must(t, err)
		claims = w.signedClaims(own.AccessToken)
		if claims["sub"] != "app" || claims["aud"] != issuer || claims["auth_time"] != nil || claims["cnf"] != nil {
			t.Errorf("for itself: got %v", claims)
		}
	})
}

func TestAJWTAccessTokenIsLookedUpLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.jwtApp()
		first, err := w.Redeem(t.Context(), c, w.issue(w.request()), redirect, verifier, token.Asked{})
		must(t, err)
		second, err := w.Refresh(t.Context(), c, first.RefreshToken, nil, token.Asked{})
		must(t, err)
		if !w.works(first.AccessToken) || !w.works(second.AccessToken) {
			t.Fatal("a fresh token does not work")
		}
		must(t, w.Revoke(t.Context(), w.other, first.AccessToken))
		if !w.works(first.AccessToken) {
			t.Error("another client revoked it")
		}
		must(t, w.Revoke(t.Context(), c, first.AccessToken))
		if w.works(first.AccessToken) || !w.works(second.AccessToken) {
			t.Error("revoking one token must end it and it only")
		}
		must(t, w.Revoke(t.Context(), c, second.RefreshToken))
		if w.works(second.AccessToken) {
			t.Error("the grant was revoked and a JWT of it works")
		}
	})
}

// Requirement 25.
func TestAnIDTokenIsNoAccessTokenAndTheReverse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.jwtApp()
		issued, err := w.Redeem(t.Context(), c, w.issue(w.request()), redirect, verifier, token.Asked{})
		must(t, err)
		if w.works(issued.IDToken) {
			t.Error("the ID token works as an access token")
		}
		for _, text := range forgeries(issued.AccessToken) {
			if w.works(text) {
				t.Errorf("%.40s… works", text)
			}
		}
		access, err := w.Access(t.Context(), issued.AccessToken)
		must(t, err)
		for _, text := range []string{access.ID, "jwt:" + access.ID} {
			if _, err := w.Access(t.Context(), text); !errors.Is(err, token.ErrNone) {
				t.Errorf("the id of a token counts as the token: got %v", err)
			}
		}
	})
}

// forgeries are ways of changing a JWT that must all end it.
func forgeries(text string) []string {
	parts := strings.Split(text, ".")
	return []string{
		parts[0] + "." + parts[1] + ".",
		parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + ".",
		parts[0] + "." + parts[1] + "." + parts[2] + "." + parts[2],
		strings.ToLower(text),
	}
}

// Whatever is presented, it is a token that was issued, or none.
func FuzzAccess(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	c := w.jwtApp()
	issued, err := w.Redeem(f.Context(), c, w.issue(w.request()), redirect, verifier, token.Asked{})
	must(f, err)
	f.Add(issued.AccessToken)
	f.Add(issued.IDToken)
	f.Add(issued.RefreshToken)
	for _, text := range forgeries(issued.AccessToken) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := w.Access(t.Context(), text)
		if err == nil && text != issued.AccessToken {
			t.Errorf("%q works and was never issued", text)
		}
		if err != nil && !errors.Is(err, token.ErrNone) {
			t.Error(err)
		}
	})
}
