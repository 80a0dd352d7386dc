package idp_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

// hybrid adds a client that may ask for everything at once.
func (w *world) hybrid() {
	w.t.Helper()
	_, _, err := w.Clients.Add(w.t.Context(), client.New{
		ID: "hybrid", RedirectURIs: []string{callback}, SecondFactor: client.FactorOff, IDTokenAlg: client.ES256, PKCE: client.PKCEOptional, FirstParty: true,
		ResponseTypes: []client.ResponseType{client.Code, client.IDToken, client.IDTokenToken, client.CodeIDToken, client.CodeToken, client.CodeIDTokenToken},
		Grants:        []client.Grant{client.AuthorizationCode, client.Implicit, client.RefreshToken},
	})
	must(w.t, err)
}

func front(responseType string) idp.AuthRequest {
	return request("hybrid", func(r *idp.AuthRequest) {
		r.ResponseType, r.ResponseMode, r.Nonce = responseType, "fragment", "n-1"
		r.Scopes = []string{"openid", "email", "offline_access"}
	})
}

func idToken(t testing.TB, raw string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%.60q is no ID token", raw)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	must(t, json.Unmarshal(payload, &claims))
	return claims
}

var fronts = []string{"id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// TestEachResponseTypeGivesWhatItSays: after a login, when its page is shown again, and at
// once from a session.
func TestEachResponseTypeGivesWhatItSays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hybrid()
		for _, responseType := range fronts {
			v, _ := w.begin(idp.Browser{}, front(responseType))
			v.submit("alice", secret)
			first := w.told(v.want(idp.PageDone).Login)
			w.clock = w.clock.Add(30 * time.Second)
			again := w.told(v.want(idp.PageDone).Login)
			_, silent := w.begin(v.b, front(responseType))
			for name, r := range map[string]*idp.Response{"first": &first, "again": &again, "from the session": silent} {
				has := map[string]bool{"code": r.Code != "", "token": r.AccessToken != "", "id_token": r.IDToken != ""}
				for part, got := range has {
					if got != r.Request.Wants(part) {
						t.Errorf("%s, %s: got %v for %s", responseType, name, got, part)
					}
				}
				if r.AccessToken != "" {
					access, err := w.Tokens.Access(t.Context(), r.AccessToken)
					if err != nil || access.UserID != w.alice.ID || access.Allows("offline_access") || !access.Allows("email") || r.ExpiresIn > 10*time.Minute || r.ExpiresIn < 9*time.Minute {
						t.Errorf("%s, %s: got %+v for %v, %v", responseType, name, access, r.ExpiresIn, err)
					}
				}
				if r.IDToken == "" {
					continue
				}
				claims := idToken(t, r.IDToken)
				if claims["nonce"] != "n-1" || claims["sub"] != w.alice.ID || claims["aud"] != "hybrid" || claims["sid"] == nil || claims["acr"] != "urn:nod:acr:password" {
					t.Errorf("%s, %s: got %v", responseType, name, claims)
				}
				if (claims["c_hash"] != nil) != (r.Code != "") || (claims["at_hash"] != nil) != (r.AccessToken != "") {
					t.Errorf("%s, %s: hashes: got %v", responseType, name, claims)
				}
				// OpenID Connect Core 1.0, section 5.4: without an access token the claims come along.
				if (claims["email"] != nil) != (responseType == "id_token") {
					t.Errorf("%s, %s: got email %v", responseType, name, claims["email"])
				}
			}
			if again.Code != first.Code || again.AccessToken != first.AccessToken {
				t.Errorf("%s: shown again, the page gives something else", responseType)
			}
			if first.IDToken != "" {
				one, two := idToken(t, first.IDToken), idToken(t, again.IDToken)
				for name, value := range one {
					if name != "amr" && two[name] != value {
						t.Errorf("%s: %s changed from %v to %v", responseType, name, value, two[name])
					}
				}
			}
			if silent.AccessToken != "" && silent.AccessToken == first.AccessToken {
				t.Errorf("%s: two answers gave one token", responseType)
			}
		}
		// Three types hold a token, each twice: by a login and from a session.
		if n := w.count("SELECT count(*) FROM access_tokens"); n != 6 {
			t.Errorf("got %d access tokens, want 6: none was minted by looking", n)
		}
		if n := w.count("SELECT count(*) FROM refresh_tokens"); n != 0 {
			t.Errorf("got %d refresh tokens, want none", n)
		}
	})
}

func TestAHybridCodeIsRedeemedLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hybrid()
		v, _ := w.begin(idp.Browser{}, front("code id_token token"))
		v.submit("alice", secret)
		r := w.told(v.want(idp.PageDone).Login)
		c, err := w.Clients.Get(t.Context(), "hybrid")
		must(t, err)
		issued, err := w.Tokens.Redeem(t.Context(), c, r.Code, callback, "", token.Asked{})
		must(t, err)
		// OpenID Connect Core 1.0, section 3.3.3.6: the same person and issuer in both.
		one, two := idToken(t, r.IDToken), idToken(t, issued.IDToken)
		if one["sub"] != two["sub"] || one["iss"] != two["iss"] || two["nonce"] != "n-1" || issued.RefreshToken == "" || issued.AccessToken == r.AccessToken {
			t.Errorf("got %v and %v", one, two)
		}
		// What the front channel gave ends with the session; the grant with offline_access does not.
		held, err := w.Sessions.Find(t.Context(), v.b.SessionToken)
		must(t, err)
		must(t, w.SignOut(t.Context(), held))
		if _, err := w.Tokens.Access(t.Context(), r.AccessToken); !errors.Is(err, token.ErrNone) {
			t.Errorf("after signing out: got %v", err)
		}
		if again := w.told(v.standing().Login); again.Err == nil || again.IDToken != "" {
			t.Errorf("the page of a session that is over still gives %+v", again)
		}
	})
}

// TestOneLoginGivesOneSetOfTokens: the last form sent many times at once.
func TestOneLoginGivesOneSetOfTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hybrid()
		v, _ := w.begin(idp.Browser{}, front("code id_token token"))
		form := v.form()
		for _, err := range race(8, func(int) error {
			_, err := w.SubmitPassword(t.Context(), v.l, v.b, form, "alice", secret)
			return err
		}) {
			if err != nil && !errors.Is(err, idp.ErrMoved) {
				t.Error(err)
			}
		}
		if codes, tokens := w.count("SELECT count(*) FROM codes"), w.count("SELECT count(*) FROM access_tokens"); codes != 1 || tokens != 1 {
			t.Errorf("got %d codes and %d access tokens, want one of each", codes, tokens)
		}
	})
}

func TestClaimsAskedForAreInTheIDToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hybrid()
		for _, responseType := range append(fronts, "code") {
			r := front(responseType)
			r.Scopes, r.Claims = []string{"openid", "offline_access"}, claims.Asked{IDToken: []string{"email", "birthdate"}, UserInfo: []string{"preferred_username"}}
			v, _ := w.begin(idp.Browser{}, r)
			v.submit("alice", secret)
			answer := w.told(v.want(idp.PageDone).Login)
			raw := answer.IDToken
			if responseType == "code" {
				c, err := w.Clients.Get(t.Context(), "hybrid")
				must(t, err)
				issued, err := w.Tokens.Redeem(t.Context(), c, answer.Code, callback, "", token.Asked{})
				must(t, err)
				raw = issued.IDToken
				refreshed, err := w.Tokens.Refresh(t.Context(), c, issued.RefreshToken, nil, token.Asked{})
				must(t, err)
				if told := idToken(t, refreshed.IDToken); told["email"] != "alice@example.com" {
					t.Errorf("refreshed: got %v", told)
				}
				access, err := w.Tokens.Access(t.Context(), refreshed.AccessToken)
				if err != nil || len(access.Claims.UserInfo) != 1 {
					t.Errorf("got %+v, %v", access, err)
				}
			}
			if raw == "" {
				continue
			}
			if told := idToken(t, raw); told["email"] != "alice@example.com" || told["birthdate"] != nil || told["preferred_username"] != nil || told["sub"] != w.alice.ID {
				t.Errorf("%s: got %v", responseType, told)
			}
		}
	})
}
