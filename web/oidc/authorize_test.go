package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// faults are requests with one thing wrong, and what the client is told.
var faults = map[string]struct {
	change []string
	code   string
}{
	"no response type":              {[]string{"response_type", "-"}, "invalid_request"},
	"a response type we lack":       {[]string{"response_type", "token"}, "unsupported_response_type"},
	"a response type twice":         {[]string{"response_type", "code code"}, "unsupported_response_type"},
	"a response mode we lack":       {[]string{"response_mode", "web_message"}, "invalid_request"},
	"a scope that is none":          {[]string{"scope", "open\"id"}, "invalid_scope"},
	"prompt none with login":        {[]string{"prompt", "none login"}, "invalid_request"},
	"an unknown prompt":             {[]string{"prompt", "create"}, "invalid_request"},
	"prompt none without a session": {[]string{"prompt", "none"}, "login_required"},
	"a max_age in words":            {[]string{"max_age", "soon"}, "invalid_request"},
	"a negative max_age":            {[]string{"max_age", "-1"}, "invalid_request"},
	"no code challenge":             {[]string{"code_challenge", "-", "code_challenge_method", "-"}, "invalid_request"},
	"a plain challenge":             {[]string{"code_challenge_method", "plain"}, "invalid_request"},
	"a challenge without method":    {[]string{"code_challenge_method", "-"}, "invalid_request"},
	"a method without challenge":    {[]string{"code_challenge", "-"}, "invalid_request"},
	"a challenge that is none":      {[]string{"code_challenge", "abc"}, "invalid_request"},
	"a request object":              {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
	"a request by reference":        {[]string{"request_uri", "https://app.example/r"}, "request_uri_not_supported"},
	"a request object that is none": {[]string{"request", "e30."}, "invalid_request_object"},
	"claims that are none":          {[]string{"claims", "[]"}, "invalid_request"},
	"claims about two people":       {[]string{"claims", `{"id_token":{"sub":{"values":["a","b"]}}}`}, "invalid_request"},
	"a class that nobody knows":     {[]string{"claims", `{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}`}, "unmet_authentication_requirements"},
	"a registration":                {[]string{"registration", "{}"}, "registration_not_supported"},
	"a hint that is no token":       {[]string{"id_token_hint", "e30.e30.e30"}, "invalid_request"},
	"a nonce without end":           {[]string{"nonce", strings.Repeat("n", 2049)}, "invalid_request"},
	"a null byte":                   {[]string{"nonce", "a\x00b"}, "invalid_request"},
	"a byte that is no text":        {[]string{"login_hint", "\xff"}, "invalid_request"},
}

func TestAFaultIsToldToTheClientWithStateAndIssuer(t *testing.T) {
	w := on(t)
	for name, fault := range faults {
		for _, mode := range []string{"query", "fragment"} {
			change := fault.change
			if change[0] != "response_mode" {
				change = append([]string{"response_mode", mode}, change...)
			} else {
				mode = "query"
			}
			got := w.get("/authorize", ask(change...))
			to, q := got.location(t)
			if got.StatusCode != http.StatusSeeOther || to != redirect || q.Get("error") != fault.code || q.Get("state") != "s+ t&1" || q.Get("iss") != w.url {
				t.Errorf("%s: got %d to %s with %v, want %s", name, got.StatusCode, to, q, fault.code)
			}
			if q.Has("code") || (mode == "fragment") != strings.Contains(got.Header.Get("Location"), "#") {
				t.Errorf("%s: got %s", name, got.Header.Get("Location"))
			}
		}
	}
}

// TestNothingRedirectsBeforeClientAndURIAreKnown is requirement 1: every fault, with
// every way in which the address can be wrong, by GET and by POST.
func TestNothingRedirectsBeforeClientAndURIAreKnown(t *testing.T) {
	w := on(t)
	wrong := map[string][]string{
		"no client":                    {"client_id", "-"},
		"an unknown client":            {"client_id", "nobody"},
		"no redirect URI":              {"redirect_uri", "-"},
		"a foreign redirect URI":       {"redirect_uri", "https://evil.example/cb"},
		"another client's URI":         {"redirect_uri", "com.example.app:/cb"},
		"a longer redirect URI":        {"redirect_uri", redirect + "/x"},
		"a URI with userinfo":          {"redirect_uri", "https://app.example@evil.example/cb"},
		"a URI in another case":        {"redirect_uri", "https://APP.example/cb"},
		"a script":                     {"redirect_uri", "javascript:alert(1)"},
		"a relative URI":               {"redirect_uri", "/cb"},
		"a client id with a null byte": {"client_id", "app\x00"},
	}
	faultsAndNone := map[string][]string{"nothing else": nil}
	for name, f := range faults {
		faultsAndNone[name] = f.change
	}
	for where, address := range wrong {
		for name, change := range faultsAndNone {
			q := ask(append(slices.Clone(change), address...)...)
			for method, got := range map[string]answered{"GET": w.get("/authorize", q), "POST": w.post("/authorize", q)} {
				if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" || !strings.Contains(got.body, `data-state="error"`) {
					t.Errorf("%s, %s and %s: got %d, Location %q", method, where, name, got.StatusCode, got.Header.Get("Location"))
				}
			}
		}
	}
	if w.logins.begun != 0 {
		t.Errorf("%d logins were begun", w.logins.begun)
	}
}

func TestRepeatedParametersAreRefused(t *testing.T) {
	w := on(t)
	for name := range ask("prompt", "login", "max_age", "1", "response_mode", "query", "foo", "bar") {
		q := ask()
		q.Add(name, q.Get(name))
		if len(q[name]) == 1 {
			q.Add(name, "x")
		}
		for method, got := range map[string]answered{"GET": w.get("/authorize", q), "POST": w.post("/authorize", q)} {
			if name == "client_id" || name == "redirect_uri" {
				if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
					t.Errorf("%s %s twice: got %d", method, name, got.StatusCode)
				}
				continue
			}
			to, answer := got.location(t)
			if to != redirect || answer.Get("error") != "invalid_request" || answer.Get("iss") != w.url {
				t.Errorf("%s %s twice: got %d to %s with %v", method, name, got.StatusCode, to, answer)
			}
			if answer.Get("state") != "" && name == "state" {
				t.Errorf("one of two states was picked: %v", answer)
			}
		}
	}
}

func TestARequestReachesTheLoginsWhole(t *testing.T) {
	w := on(t)
	q := ask("prompt", "login consent", "max_age", "0", "acr_values", "urn:x urn:nod:acr:mfa", "login_hint", "alice@example.org",
		"ui_locales", "de en", "scope", "openid  profile unknown openid", "response_mode", "fragment", "display", "touch", "claims", "{}")
	for method, send := range map[string]func() answered{
		"GET": func() answered { return w.get("/authorize", q) }, "POST": func() answered { return w.post("/authorize", q) },
	} {
		q.Set("scope", "openid profile unknown openid")
		if got := send(); got.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: got %d %s", method, got.StatusCode, got.body)
		}
		r := w.logins.request
		if r.ClientID != "app" || r.RedirectURI != redirect || r.ResponseType != "code" || r.ResponseMode != "fragment" || r.State != "s+ t&1" ||
			r.Nonce != "n-1" || r.CodeChallenge != challenge || r.MaxAge == nil || *r.MaxAge != 0 || r.LoginHint != "alice@example.org" {
			t.Errorf("%s: got %+v", method, r)
		}
		for name, lists := range map[string][2][]string{
			"scope": {r.Scopes, {"openid", "profile"}}, "prompt": {r.Prompt, {"login", "consent"}},
			"acr_values": {r.ACRValues, {"urn:x", "urn:nod:acr:mfa"}}, "ui_locales": {r.UILocales, {"de", "en"}},
		} {
			if !slices.Equal(lists[0], lists[1]) {
				t.Errorf("%s: %s: got %q, want %q", method, name, lists[0], lists[1])
			}
		}
	}
}

func TestAHintNamesThePerson(t *testing.T) {
	w := on(t)
	raw := w.signedIn()["id_token"].(string)
	w.pass(1000 * 60 * 60 * 1e9) // an hour: the token has expired, which does not matter
	w.get("/authorize", ask("id_token_hint", raw))
	if w.logins.request.HintSubject != w.alice.ID {
		t.Errorf("got %q, want Alice", w.logins.request.HintSubject)
	}
	begun := w.logins.begun
	for name, hint := range map[string]string{
		"a tampered token": raw[:len(raw)-4] + "AAAA", "an unsigned token": raw[:strings.LastIndexByte(raw, '.')+1], "an access token": "noa_x",
		"half a token": raw[:len(raw)/2],
	} {
		if _, q := w.get("/authorize", ask("id_token_hint", hint)).location(t); q.Get("error") != "invalid_request" {
			t.Errorf("%s: got %v", name, q)
		}
	}
	if w.logins.begun != begun {
		t.Error("a login was begun with a false hint")
	}
}

func TestALoginPageIsReachedWithItsCookie(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	got := w.get("/authorize", ask())
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/login/log_1" {
		t.Fatalf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	set := got.Cookies()
	if len(set) != 1 || set[0].Value != "nlg_1" || !set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode || set[0].Path != "/" {
		t.Errorf("got cookies %v", set)
	}
}

// TestAFormFromAnotherSiteComesBackWithItsCookies: browsers hold SameSite=Lax cookies
// back from a foreign POST; single sign-on must work all the same.
func TestAFormFromAnotherSiteComesBackWithItsCookies(t *testing.T) {
	w := on(t)
	foreign := []func(*http.Request){header("Origin", "https://app.example"), header("Sec-Fetch-Site", "cross-site")}
	got := w.post("/authorize", ask(), foreign...)
	to, q := got.location(t)
	if got.StatusCode != http.StatusSeeOther || to != "/authorize" || q.Get("state") != "s+ t&1" || w.logins.begun != 0 {
		t.Fatalf("got %d to %s with %v", got.StatusCode, to, q)
	}
	if got := w.post("/authorize", ask("redirect_uri", "https://evil.example"), foreign...); got.Header.Get("Location") != "" {
		t.Error("a wrong address was redirected")
	}
	w.giveCookie("nod-session", w.cookie)
	w.post("/authorize", ask(), foreign...)
	if w.logins.begun != 1 || w.logins.browser.SessionToken != w.cookie {
		t.Errorf("with its cookie: %d begun, %+v", w.logins.begun, w.logins.browser)
	}
}

func TestTheWaysAnAnswerTravels(t *testing.T) {
	w := on(t)
	for name, test := range map[string]struct{ change, to []string }{
		"by query":                      {nil, []string{redirect, "?code=noc_"}},
		"by fragment":                   {[]string{"response_mode", "fragment"}, []string{redirect, "#code=noc_"}},
		"beside a query of the address": {[]string{"redirect_uri", "https://app.example/other?x=1"}, []string{"https://app.example/other?x=1", "&code=noc_"}},
		"to a native application":       {[]string{"client_id", "spa", "redirect_uri", "com.example.app:/cb"}, []string{"com.example.app:/cb", "?code=noc_"}},
	} {
		got := w.get("/authorize", ask(test.change...))
		rest, ok := strings.CutPrefix(got.Header.Get("Location"), test.to[0])
		if got.StatusCode != http.StatusSeeOther || !ok || !strings.HasPrefix(rest, test.to[1]) || !strings.Contains(rest, "&iss="+url.QueryEscape(w.url)) {
			t.Errorf("%s: got %d to %s", name, got.StatusCode, got.Header.Get("Location"))
		}
	}
	if _, q := w.get("/authorize", ask("client_id", "spa", "redirect_uri", "com.example.app:/cb", "response_mode", "form_post")).location(t); q.Get("error") != "invalid_request" {
		t.Errorf("a form to a native application: got %v", q)
	}
}

func TestAFormCarriesAnswersAndErrors(t *testing.T) {
	w := on(t)
	for name, test := range map[string]struct {
		change []string
		want   string
	}{
		"a code":   {nil, `name="code" value="noc_`},
		"an error": {[]string{"prompt", "none"}, `name="error" value="login_required"`},
	} {
		got := w.get("/authorize", ask(append(test.change, "response_mode", "form_post")...))
		for _, want := range []string{
			test.want, `name="state" value="s&#43; t&amp;1"`, `name="iss" value="` + w.url + `"`, `action="` + redirect + `"`, `id="continue"`, `data-state="done"`,
		} {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s: the page lacks %s", name, want)
			}
		}
		if policy := got.Header.Get("Content-Security-Policy"); got.StatusCode != http.StatusOK || !strings.Contains(policy, "form-action https://app.example;") && !strings.HasSuffix(policy, "form-action https://app.example") {
			t.Errorf("%s: got %d with %s", name, got.StatusCode, policy)
		}
		if strings.Contains(got.body, "<script>") || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: an inline script, or a page that is kept", name)
		}
	}
}

func TestPKCEIsExcusedOnlyWhereItIsRegistered(t *testing.T) {
	w := on(t)
	without := []string{"code_challenge", "-", "code_challenge_method", "-"}
	if _, q := w.get("/authorize", ask(append(without, "client_id", "poster")...)).location(t); !q.Has("code") {
		t.Errorf("the excused client: got %v", q)
	}
	// Whatever a row says, a public client is never excused.
	must(t, w.db.Write(t.Context(), setOptionalPKCE))
	if _, q := w.get("/authorize", ask(append(without, "client_id", "spa")...)).location(t); q.Get("error") != "invalid_request" {
		t.Errorf("the public client: got %v", q)
	}
}

func TestTheResponseTypeMustBeRegistered(t *testing.T) {
	w := on(t)
	_, err := w.clients.Set(t.Context(), "poster", func(c *client.Client) error {
		c.Grants = []client.Grant{client.ClientCredentials}
		return nil
	})
	must(t, err)
	if _, q := w.get("/authorize", ask("client_id", "poster")).location(t); q.Get("error") != "unauthorized_client" {
		t.Errorf("got %v", q)
	}
}

func TestAnAddressWithoutEndIsAPage(t *testing.T) {
	w := on(t)
	if got := w.get("/authorize", ask("state", strings.Repeat("s", 20000))); got.StatusCode != http.StatusRequestURITooLong || got.Header.Get("Location") != "" {
		t.Errorf("got %d", got.StatusCode)
	}
	if got := w.post("/authorize", ask("state", strings.Repeat("s", 70000))); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", got.StatusCode)
	}
	if got := w.post("/authorize", ask(), header("Content-Type", "application/json")); got.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("got %d", got.StatusCode)
	}
}

func TestAUserAgentThatIsNoTextIsCut(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.post("/authorize", ask(), header("User-Agent", "\xff"+strings.Repeat("ä", 400)))
	if got := w.logins.browser.UserAgent; len(got) != 300 || got != strings.Repeat("ä", 150) {
		t.Errorf("got %d bytes, %.10q", len(got), got)
	}
}
