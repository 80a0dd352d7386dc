package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

func TestAClientUsesItsOwnMethodAndNoOther(t *testing.T) {
	w := on(t)
	grant := url.Values{"grant_type": {"authorization_code"}, "code": {"noc_x"}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	with := func(pairs ...string) url.Values {
		form := url.Values{}
		for name, values := range grant {
			form[name] = values
		}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return form
	}
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	for name, test := range map[string]struct {
		form   url.Values
		header func(*http.Request)
		code   string
	}{
		// Who gets past the authentication is refused for the code.
		"basic":                                  {grant, basic("app", w.secret), "invalid_grant"},
		"basic, named in the body too":           {with("client_id", "app"), basic("app", w.secret), "invalid_grant"},
		"post":                                   {with("client_id", "poster", "client_secret", w.posted), nil, "invalid_grant"},
		"none":                                   {with("client_id", "spa"), nil, "invalid_grant"},
		"post where basic is registered":         {with("client_id", "app", "client_secret", w.secret), nil, "invalid_client"},
		"basic where post is registered":         {grant, basic("poster", w.posted), "invalid_client"},
		"none where basic is registered":         {with("client_id", "app"), nil, "invalid_client"},
		"none where post is registered":          {with("client_id", "poster"), nil, "invalid_client"},
		"a secret where none is registered":      {with("client_id", "spa", "client_secret", "x"), nil, "invalid_client"},
		"an empty secret for a public client":    {with("client_id", "spa", "client_secret", ""), nil, "invalid_client"},
		"basic for a public client":              {grant, basic("spa", ""), "invalid_client"},
		"a wrong secret":                         {grant, basic("app", w.posted), "invalid_client"},
		"an empty secret":                        {grant, basic("app", ""), "invalid_client"},
		"a secret cut short":                     {grant, basic("app", w.secret[:len(w.secret)-1]), "invalid_client"},
		"a secret in another case":               {grant, basic("app", strings.ToUpper(w.secret)), "invalid_client"},
		"an unknown client":                      {grant, basic("nobody", w.secret), "invalid_client"},
		"a client id with a null byte":           {grant, basic("app\x00", w.secret), "invalid_client"},
		"no client at all":                       {grant, nil, "invalid_client"},
		"another scheme":                         {with("client_id", "app"), header("Authorization", "Bearer noa_x"), "invalid_client"},
		"basic that is no base64":                {grant, header("Authorization", "Basic ???"), "invalid_client"},
		"basic and post":                         {with("client_id", "app", "client_secret", w.secret), basic("app", w.secret), "invalid_request"},
		"basic, and another client in the body":  {with("client_id", "spa"), basic("app", w.secret), "invalid_request"},
		"two Authorization headers":              {grant, func(r *http.Request) { basic("app", w.secret)(r); r.Header.Add("Authorization", "Basic eA==") }, "invalid_request"},
		"the client id twice":                    {with("client_id", "spa", "client_id", "spa"), nil, "invalid_request"},
		"the grant type twice":                   {with("grant_type", "authorization_code"), basic("app", w.secret), "invalid_request"},
		"an unknown parameter twice":             {with("x", "1", "x", "2"), basic("app", w.secret), "invalid_request"},
		"a null byte":                            {with("redirect_uri2", "a\x00"), basic("app", w.secret), "invalid_request"},
		"no grant type":                          {url.Values{}, basic("app", w.secret), "invalid_request"},
		"no code":                                {url.Values{"grant_type": {"authorization_code"}}, basic("app", w.secret), "invalid_request"},
		"no refresh token":                       {url.Values{"grant_type": {"refresh_token"}}, basic("app", w.secret), "invalid_request"},
		"a grant that is not registered":         {url.Values{"grant_type": {"client_credentials"}, "client_id": {"poster"}, "client_secret": {w.posted}}, nil, "unauthorized_client"},
		"client credentials of a public client":  {url.Values{"grant_type": {"client_credentials"}, "client_id": {"spa"}}, nil, "unauthorized_client"},
		"a refresh token that was never granted": {url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"nor_x"}}, basic("app", w.secret), "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			change := test.header
			if change == nil {
				change = func(*http.Request) {}
			}
			status := http.StatusBadRequest
			if test.code == "invalid_client" {
				status = http.StatusUnauthorized
			}
			refused(t, w.post("/oauth/token", test.form, change), status, test.code)
		})
	}
}

func TestARemovedClientIsOutAtOnce(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	must(t, w.clients.Remove(t.Context(), "app"))
	refused(t, w.bearer("/oauth/userinfo", held["access_token"].(string)), http.StatusUnauthorized, "invalid_token")
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held["refresh_token"].(string)}}
	refused(t, w.post("/oauth/token", refresh, w.asApp), http.StatusUnauthorized, "invalid_client")
}

// TestErrorsTellNoMoreThanTheCode: whoever tries a stolen code must not learn which
// part of it was right.
func TestErrorsTellNoMoreThanTheCode(t *testing.T) {
	w := on(t)
	_, q := w.get("/authorize", ask()).location(t)
	code := q.Get("code")
	foreign := exchange(code)
	foreign.Set("client_id", "poster")
	foreign.Set("client_secret", w.posted)
	otherURI := exchange(code)
	otherURI.Set("redirect_uri", "https://app.example/other?x=1")
	otherProof := exchange(code)
	otherProof.Set("code_verifier", strings.Repeat("v", 43))
	unknown := w.post("/oauth/token", exchange("noc_AAAA"), w.asApp).json(t)
	for name, got := range map[string]answered{
		"another client": w.post("/oauth/token", foreign), "another URI": w.post("/oauth/token", otherURI, w.asApp),
		"another verifier": w.post("/oauth/token", otherProof, w.asApp),
	} {
		told := got.json(t)
		if told["error"] != unknown["error"] || told["error_description"] != unknown["error_description"] {
			t.Errorf("%s: got %s, an unknown code gets %v", name, got.body, unknown)
		}
	}
	if w.post("/oauth/token", exchange(code), w.asApp).StatusCode != http.StatusOK {
		t.Error("a wrong attempt used the code up")
	}
	log := w.log.String()
	for _, reason := range []string{"the code is another client's", "the redirect URI is another one", "the code verifier does not fit"} {
		if !strings.Contains(log, reason) {
			t.Errorf("the log does not say that %s", reason)
		}
	}
	for _, secret := range []string{code, w.secret, w.posted, verifier} {
		if strings.Contains(log, secret) {
			t.Error("the log holds a secret")
		}
	}
}

func TestADatabaseFaultIsNotTheClientsFault(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	must(t, w.db.Write(t.Context(), breakRefreshTokens))
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held["refresh_token"].(string)}}
	got := w.post("/oauth/token", refresh, w.asApp)
	if got.StatusCode != http.StatusInternalServerError || strings.Contains(got.body, "refresh_tokens") {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

func TestScopesOfARefreshOnlyShrink(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {held["refresh_token"].(string)}, "scope": {"openid phone"}}
	refused(t, w.post("/oauth/token", refresh, w.asApp), http.StatusBadRequest, "invalid_scope")
	refresh.Set("scope", "email openid")
	got := w.post("/oauth/token", refresh, w.asApp)
	if got.StatusCode != http.StatusOK || got.json(t)["scope"] != "email openid" {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

func TestIntrospectionNeedsAClientThatCanKeepASecret(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	form := url.Values{"token": {held["access_token"].(string)}, "token_type_hint": {"refresh_token"}}
	told := w.post("/oauth/introspect", form, w.asApp).json(t)
	for name, want := range map[string]any{
		"active": true, "client_id": "app", "sub": w.alice.ID, "iss": w.url, "token_type": "Bearer", "acr": "urn:nod:acr:mfa",
		"scope": "openid profile email offline_access", "exp": float64(w.now.Unix() + 600), "iat": float64(w.now.Unix()),
	} {
		if told[name] != want {
			t.Errorf("%s: got %v, want %v", name, told[name], want)
		}
	}
	public := url.Values{"token": form["token"], "client_id": {"spa"}}
	refused(t, w.post("/oauth/introspect", public), http.StatusUnauthorized, "invalid_client")
	refused(t, w.post("/oauth/introspect", form), http.StatusUnauthorized, "invalid_client")
	refused(t, w.post("/oauth/introspect", url.Values{}, w.asApp), http.StatusBadRequest, "invalid_request")
}

func TestRevocationAnswersTheSameForEveryToken(t *testing.T) {
	w := on(t)
	held := w.signedIn()
	access := held["access_token"].(string)
	foreign := url.Values{"token": {access}, "client_id": {"spa"}}
	for name, got := range map[string]answered{
		"unknown": w.post("/oauth/revoke", url.Values{"token": {"x"}}, w.asApp), "another client's": w.post("/oauth/revoke", foreign),
	} {
		if got.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := w.bearer("/oauth/userinfo", access); got.StatusCode != http.StatusOK {
		t.Errorf("another client's revocation worked: %d", got.StatusCode)
	}
	for _, hint := range []string{"refresh_token", "access_token", "nonsense"} {
		w.post("/oauth/revoke", url.Values{"token": {held["refresh_token"].(string)}, "token_type_hint": {hint}}, w.asApp)
	}
	refused(t, w.bearer("/oauth/userinfo", access), http.StatusUnauthorized, "invalid_token")
}

func TestAnOriginReadsTheAnswersOfItsOwnClientOnly(t *testing.T) {
	w := on(t)
	origin := header("Origin", "https://spa.example")
	own := exchange("noc_x")
	own.Set("client_id", "spa")
	for name, test := range map[string]struct {
		got  answered
		want string
	}{
		"its own client":   {w.post("/oauth/token", own, origin), "https://spa.example"},
		"another's client": {w.post("/oauth/token", exchange("noc_x"), w.asApp, origin), ""},
		"a stranger":       {w.post("/oauth/token", own, header("Origin", "https://evil.example")), ""},
	} {
		if got := test.got.Header.Get("Access-Control-Allow-Origin"); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	_, err := w.clients.Set(t.Context(), "spa", func(c *client.Client) error {
		c.Origins = []string{"https://new.example"}
		return nil
	})
	must(t, err)
	if got := w.post("/oauth/token", own, header("Origin", "https://new.example")).Header.Get("Access-Control-Allow-Origin"); got == "" {
		t.Error("a new origin is not known")
	}
}

func TestABodyWithoutEndIsRefused(t *testing.T) {
	w := on(t)
	got := w.post("/oauth/token", url.Values{"x": {strings.Repeat("x", 40<<10)}}, w.asApp)
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", got.StatusCode)
	}
	got = w.post("/oauth/token", exchange("x"), w.asApp, header("Content-Type", "application/json"))
	if got.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("got %d", got.StatusCode)
	}
}
