package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/keys"
)

// The tests of this file are named after what the toolkit (github.com/zitadel/oidc
// v3.51.17) gets wrong when it is used as it comes, or leaves to others.

func TestTrapCodeExchangeWithoutVerifier(t *testing.T) {
	w := on(t)
	_, q := w.get("/authorize", ask()).location(t)
	form := exchange(q.Get("code"))
	form.Del("code_verifier")
	refused(t, w.post("/oauth/token", form, w.asApp), http.StatusBadRequest, "invalid_grant")

	_, q = w.get("/authorize", ask("client_id", "poster", "code_challenge", "-", "code_challenge_method", "-")).location(t)
	form = exchange(q.Get("code"))
	form.Set("client_id", "poster")
	form.Set("client_secret", w.posted)
	refused(t, w.post("/oauth/token", form), http.StatusBadRequest, "invalid_grant") // a verifier without a challenge
}

func TestTrapCodeReuse(t *testing.T) {
	w := on(t)
	_, q := w.get("/authorize", ask()).location(t)
	held := w.post("/oauth/token", exchange(q.Get("code")), w.asApp).json(t)["access_token"].(string)
	if got := w.bearer("/oauth/userinfo", held); got.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	refused(t, w.post("/oauth/token", exchange(q.Get("code")), w.asApp), http.StatusBadRequest, "invalid_grant")
	refused(t, w.bearer("/oauth/userinfo", held), http.StatusUnauthorized, "invalid_token")
}

// TestTrapCallbackNotBound: the toolkit finishes a login for whoever knows its id. Here
// no address takes one; a login goes on under its cookie in web/login alone.
func TestTrapCallbackNotBound(t *testing.T) {
	w := on(t)
	for _, path := range []string{"/authorize/callback", "/callback", "/oauth/authorize/callback"} {
		if got := w.get(path, url.Values{"id": {"log_1"}}); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d", path, got.StatusCode)
		}
	}
	if got := w.get("/authorize", url.Values{"id": {"log_1"}}); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestTrapCORSWithCredentials(t *testing.T) {
	w := on(t)
	for _, path := range []string{
		"/oauth/token", "/oauth/userinfo", "/oauth/introspect", "/oauth/revoke", "/.well-known/openid-configuration",
		"/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/authorize", "/logout",
	} {
		for _, origin := range []string{"https://evil.example", "https://app.example", "null"} {
			for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost} {
				r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, nil)
				must(t, err)
				r.Header.Set("Origin", origin)
				r.Header.Set("Access-Control-Request-Method", "POST")
				got := w.send(r)
				if got.Header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s %s allows credentials", method, path)
				}
				allowed := got.Header.Get("Access-Control-Allow-Origin")
				public := strings.HasPrefix(path, "/.well-known/")
				switch {
				case allowed == "" || public && allowed == "*":
				case origin == "https://app.example" && allowed == origin && (path == "/oauth/token" || path == "/oauth/userinfo"):
				default:
					t.Errorf("%s %s from %s allows %q", method, path, origin, allowed)
				}
			}
		}
	}
}

func TestTrapTokenByGET(t *testing.T) {
	w := on(t)
	_, q := w.get("/authorize", ask()).location(t)
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		form := exchange(q.Get("code"))
		form.Set("client_id", "poster")
		form.Set("client_secret", w.posted)
		got := w.get(path, form)
		if got.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(got.Header.Get("Allow"), "POST") || strings.Contains(got.Header.Get("Allow"), "GET") {
			t.Errorf("%s: got %d, Allow %q", path, got.StatusCode, got.Header.Get("Allow"))
		}
		refused(t, w.post(path+"?"+form.Encode(), url.Values{}), http.StatusBadRequest, "invalid_request")
	}
	if got := w.post("/oauth/token", exchange(q.Get("code")), w.asApp); got.StatusCode != http.StatusOK {
		t.Errorf("the code was used up: %s", got.body)
	}
}

func TestTrapAnswersThatAreKept(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	access := url.Values{"token": {held["access_token"].(string)}}
	for name, got := range map[string]answered{
		"refresh":       w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held["refresh_token"].(string)}}, w.asApp),
		"introspection": w.post("/oauth/introspect", access, w.asApp),
		"userinfo":      w.bearer("/oauth/userinfo", held["access_token"].(string)),
		"revocation":    w.post("/oauth/revoke", access, w.asApp),
		"a refusal":     w.post("/oauth/token", exchange("x"), w.asApp),
		"authorize":     w.get("/authorize", ask()),
	} {
		if got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got Cache-Control %q", name, got.Header.Get("Cache-Control"))
		}
	}
}

func TestTrapNoChallengeHeader(t *testing.T) {
	w := on(t)
	got := w.bearer("/oauth/userinfo", "noa_x")
	if header := got.Header.Get("WWW-Authenticate"); got.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(header, "Bearer ") || !strings.Contains(header, `error="invalid_token"`) {
		t.Errorf("got %d with %q", got.StatusCode, header)
	}
	got = w.get("/oauth/userinfo", nil)
	if header := got.Header.Get("WWW-Authenticate"); got.StatusCode != http.StatusUnauthorized || header != `Bearer realm="nod"` {
		t.Errorf("without a token: got %d with %q", got.StatusCode, header)
	}
}

func TestTrapInvalidClientAnswers400(t *testing.T) {
	w := on(t)
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/revoke"} {
		got := w.post(path, url.Values{"grant_type": {"client_credentials"}, "token": {"x"}}, func(r *http.Request) { r.SetBasicAuth("app", "wrong") })
		refused(t, got, http.StatusUnauthorized, "invalid_client")
		if !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Basic realm=") {
			t.Errorf("%s: got %q", path, got.Header.Get("WWW-Authenticate"))
		}
	}
}

func TestTrapIDTokenAcceptedAsAccessToken(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	id := held["id_token"].(string)
	refused(t, w.bearer("/oauth/userinfo", id), http.StatusUnauthorized, "invalid_token")
	if got := w.post("/oauth/introspect", url.Values{"token": {id}}, w.asApp).json(t); len(got) != 1 || got["active"] != false {
		t.Errorf("got %v", got)
	}
	// Nor does another JWT of ours pass as an ID token.
	key, err := w.surface.Keys.Signer(t.Context(), keys.ES256)
	must(t, err)
	for _, typ := range []string{"at+jwt", "logout+jwt", ""} {
		forged, err := key.SignClaims(map[string]any{"iss": w.url, "sub": w.alice.ID, "aud": "app"}, typ)
		must(t, err)
		if _, q := w.get("/authorize", ask("id_token_hint", forged)).location(t); q.Get("error") != "invalid_request" {
			t.Errorf("typ %q passed as a hint: %v", typ, q)
		}
	}
}

func TestTrapJWTBearerGrantWithAClientAssertion(t *testing.T) {
	w := on(t)
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"e30.e30.e30"}}
	refused(t, w.post("/oauth/token", form), http.StatusUnauthorized, "invalid_client")
	refused(t, w.post("/oauth/token", form, w.asApp), http.StatusBadRequest, "unsupported_grant_type")
	form = exchange("noc_x")
	form.Set("client_assertion", "e30.e30.e30")
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	refused(t, w.post("/oauth/token", form), http.StatusUnauthorized, "invalid_client")
	for _, grant := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange", `"`} {
		refused(t, w.post("/oauth/token", url.Values{"grant_type": {grant}}, w.asApp), http.StatusBadRequest, "unsupported_grant_type")
	}
}

func TestTrapIDTokenWithoutOpenID(t *testing.T) {
	w := on(t)
	held := w.signedIn("scope", "profile offline_access")
	if held["id_token"] != nil {
		t.Error("an ID token without the scope openid")
	}
	refused(t, w.bearer("/oauth/userinfo", held["access_token"].(string)), http.StatusForbidden, "insufficient_scope")
}

func TestTrapACRLostOnRefresh(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held["refresh_token"].(string)}}, w.asApp).json(t)
	before, after := w.claims(held["id_token"]), w.claims(again["id_token"])
	for _, name := range []string{"acr", "auth_time", "sid", "sub"} {
		if before[name] == nil || before[name] != after[name] {
			t.Errorf("%s: got %v, want %v", name, after[name], before[name])
		}
	}
}

// claims reads a token without looking at its signature.
func (w *world) claims(raw any) (claims map[string]any) {
	w.t.Helper()
	jws, err := jose.ParseSignedCompact(raw.(string), []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	must(w.t, err)
	must(w.t, json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims))
	return claims
}

// TestTrapNoIssuerInAnswers is told for errors and for each response mode by the tests
// of the authorization endpoint; this one is about discovery, which announces it.
func TestTrapNoIssuerInAnswers(t *testing.T) {
	w := on(t)
	if got := w.get("/.well-known/openid-configuration", nil).json(t); got["authorization_response_iss_parameter_supported"] != true {
		t.Error("discovery does not announce it")
	}
	for _, change := range [][]string{nil, {"prompt", "none"}} {
		if _, q := w.get("/authorize", ask(change...)).location(t); q.Get("iss") != w.url {
			t.Errorf("got %v", q)
		}
	}
}

// refused demands an error of this status and code, as JSON, that says nothing more.
func refused(t testing.TB, got answered, status int, code string) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("got %d %s, want %d", got.StatusCode, got.body, status)
		return
	}
	told := got.json(t)
	if told["error"] != code || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s, want %s", got.body, code)
	}
	for name := range told {
		if name != "error" && name != "error_description" && name != "request_id" {
			t.Errorf("the answer also holds %s: %s", name, got.body)
		}
	}
}
