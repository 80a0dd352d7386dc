package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
)

// byObject is a request that says hardly more than where the rest is.
func byObject(name, value string) url.Values {
	return url.Values{"client_id": {"signed"}, "response_type": {"code"}, "redirect_uri": {redirect}, "state": {"outside"}, "scope": {"openid"}, name: {value}}
}

func TestARequestObjectGoesBeforeTheAddress(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.addSigned(nil)
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		for _, typ := range []string{"", "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"} {
			q := byObject("request", object(t, alg, typ, w.claimSet(map[string]any{"response_mode": "fragment"})))
			q.Set("login_hint", "alice")
			q.Set("response_mode", "query")
			if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
				t.Fatalf("%s, %s: got %d to %s", alg, typ, got.StatusCode, got.Header.Get("Location"))
			}
			r := w.logins.request
			if r.State != "inside" || r.Nonce != "n" || !slices.Equal(r.Scopes, []string{"openid", "email"}) || r.MaxAge == nil || *r.MaxAge != 300 ||
				!slices.Equal(r.Claims.UserInfo, []string{"name"}) || r.CodeChallenge != challenge || r.LoginHint != "alice" || r.ResponseMode != "fragment" {
				t.Errorf("%s, %s: got %+v", alg, typ, r)
			}
		}
	}
	// The redirect URI may be inside alone.
	q := byObject("request", object(t, "ES256", "", w.claimSet(nil)))
	q.Del("redirect_uri")
	if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestRequestObjectsThatAreRefused(t *testing.T) {
	w := on(t)
	w.addSigned(nil)
	now := w.clock()
	signed := func(changes map[string]any) string { return object(t, "ES256", "", w.claimSet(changes)) }
	good := signed(nil)
	for name, test := range map[string]struct{ object, code string }{
		"unsigned":                   {"eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".", "request_not_supported"},
		"unsigned in capitals":       {"eyJhbGciOiJOT05FIn0.e30.", "request_not_supported"},
		"another signature":          {good[:len(good)-8] + "AAAAAAAA", "invalid_request_object"},
		"nothing":                    {"x", "invalid_request_object"},
		"an assertion":               {object(t, "ES256", "client-authentication+jwt", w.claimSet(nil)), "invalid_request_object"},
		"a proof":                    {object(t, "ES256", "dpop+jwt", w.claimSet(nil)), "invalid_request_object"},
		"of another client":          {signed(map[string]any{"iss": "app"}), "invalid_request_object"},
		"of nobody":                  {signed(map[string]any{"iss": nil}), "invalid_request_object"},
		"for another server":         {signed(map[string]any{"aud": "https://other.example"}), "invalid_request_object"},
		"for nobody":                 {signed(map[string]any{"aud": nil}), "invalid_request_object"},
		"expired":                    {signed(map[string]any{"exp": now.Unix()}), "invalid_request_object"},
		"without end":                {signed(map[string]any{"exp": nil}), "invalid_request_object"},
		"good for two hours":         {signed(map[string]any{"exp": now.Add(2 * time.Hour).Unix()}), "invalid_request_object"},
		"of tomorrow":                {signed(map[string]any{"nbf": now.Add(time.Minute).Unix()}), "invalid_request_object"},
		"of yesterday":               {signed(map[string]any{"nbf": now.Add(-2 * time.Hour).Unix()}), "invalid_request_object"},
		"about a subject":            {signed(map[string]any{"sub": "signed"}), "invalid_request_object"},
		"one in another":             {signed(map[string]any{"request": "x"}), "invalid_request_object"},
		"a reference in it":          {signed(map[string]any{"request_uri": "https://app.example/r"}), "invalid_request_object"},
		"another client_id":          {signed(map[string]any{"client_id": "app"}), "invalid_request_object"},
		"another response_type":      {signed(map[string]any{"response_type": "id_token"}), "invalid_request_object"},
		"a parameter that is true":   {signed(map[string]any{"prompt": true}), "invalid_request_object"},
		"a list with a number":       {signed(map[string]any{"resource": []any{1}}), "invalid_request_object"},
		"a fault of the usual kinds": {signed(map[string]any{"prompt": "none login"}), "invalid_request"},
		"two values of one":          {signed(map[string]any{"nonce": []any{"a", "b"}}), "invalid_request"},
	} {
		to, q := w.get("/authorize", byObject("request", test.object)).location(t)
		if to != redirect || q.Get("error") != test.code || q.Get("iss") != w.url {
			t.Errorf("%s: got %s with %v, want %s", name, to, q, test.code)
		}
	}
	if w.logins.begun != 0 {
		t.Errorf("%d logins were begun", w.logins.begun)
	}
	// A list of audiences is fine, and so is a clock that is ahead a little.
	for name, changes := range map[string]map[string]any{"audiences": {"aud": []string{"x", w.url}}, "a fast clock": {"nbf": now.Add(8 * time.Second).Unix()}, "no nbf": {"nbf": nil}} {
		if _, q := w.get("/authorize", byObject("request", signed(changes))).location(t); q.Get("error") != "" {
			t.Errorf("%s: got %v", name, q)
		}
	}
}

func TestARedirectURIInsideIsJudgedLikeAnyOther(t *testing.T) {
	w := on(t)
	w.addSigned(nil)
	for name, inside := range map[string]any{"a foreign one": "https://evil.example/cb", "a list": []string{redirect, redirect}, "another case": "https://APP.example/cb"} {
		got := w.get("/authorize", byObject("request", object(t, "ES256", "", w.claimSet(map[string]any{"redirect_uri": inside, "prompt": "none login"}))))
		if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
			t.Errorf("%s: got %d to %s", name, got.StatusCode, got.Header.Get("Location"))
		}
	}
	q := byObject("request", "x")
	q.Del("redirect_uri")
	if got := w.get("/authorize", q); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("an unreadable object without a redirect URI beside it: got %d", got.StatusCode)
	}
}

func TestAClientHeldToSignedRequestsIsTakenAtNothingElse(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.addSigned(func(n *client.New) { n.SignedRequests = true })
	plain := ask("client_id", "signed")
	if _, q := w.get("/authorize", plain).location(t); q.Get("error") != "invalid_request" {
		t.Errorf("a plain request: got %v", q)
	}
	q := byObject("request", object(t, "ES256", "", w.claimSet(nil)))
	q.Set("login_hint", "mallory")
	if w.get("/authorize", q); w.logins.request.LoginHint != "" || w.logins.request.State != "inside" {
		t.Errorf("got %+v", w.logins.request)
	}
	form := plain
	form.Set("client_secret", w.posted)
	if got := w.post("/oauth/par", form); got.StatusCode != http.StatusBadRequest {
		t.Errorf("pushed plainly: got %d", got.StatusCode)
	}
}

func TestARequestObjectByReference(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.addSigned(nil)
	answer, status := "", http.StatusOK
	host := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(answer))
	}))
	t.Cleanup(host.Close)
	w.surface.ClientKeys.Outbound = host.Client()
	answer = object(t, "ES256", "", w.claimSet(nil)) + "\n"
	if got := w.get("/authorize", byObject("request_uri", host.URL+"/r#hash")); got.Header.Get("Location") != "/login/log_1" || w.logins.request.State != "inside" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	for name, test := range map[string]struct {
		answer, uri, code string
		status            int
	}{
		"an error":      {answer, host.URL, "invalid_request_uri", http.StatusNotFound},
		"a redirect":    {answer, host.URL, "invalid_request_uri", http.StatusFound},
		"no end":        {strings.Repeat("x", 65<<10), host.URL, "invalid_request_uri", http.StatusOK},
		"no object":     {"hello", host.URL, "invalid_request_object", http.StatusOK},
		"not signed":    {"eyJhbGciOiJub25lIn0.e30.", host.URL, "request_not_supported", http.StatusOK},
		"nobody there":  {answer, "https://127.0.0.1:1/r", "invalid_request_uri", http.StatusOK},
		"no address":    {answer, "https://%zz", "invalid_request_uri", http.StatusOK},
		"another party": {answer, "urn:example:x", "invalid_request_uri", http.StatusOK},
	} {
		answer, status = test.answer, test.status
		if _, q := w.get("/authorize", byObject("request_uri", test.uri)).location(t); q.Get("error") != test.code {
			t.Errorf("%s: got %v, want %s", name, q, test.code)
		}
	}
	q := byObject("request_uri", host.URL)
	answer, status = object(t, "ES256", "", w.claimSet(nil)), http.StatusOK
	q.Set("request", answer)
	if _, q := w.get("/authorize", q).location(t); q.Get("error") != "invalid_request" {
		t.Errorf("both: got %v", q)
	}
	begun := w.logins.begun
	if _, q := w.get("/authorize", ask("request_uri", host.URL)).location(t); q.Get("error") != "request_uri_not_supported" || w.logins.begun != begun {
		t.Errorf("a client without keys: got %v", q)
	}
}
