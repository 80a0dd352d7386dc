package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// variant is how the modules of a plan are run: by one response type and one response
// mode, "" for the default.
type variant struct{ responseType, mode string }

// has reports whether the answer from the authorization endpoint holds a part.
func (v variant) has(part string) bool { return slices.Contains(strings.Fields(v.responseType), part) }

// tokened reports whether there is an access token in the end.
func (v variant) tokened() bool { return v.has("code") || v.has("token") }

// conformance is what a module works with: a server, two clients without second factor and
// consent, and a browser that is signed in after the first module.
type conformance struct {
	*world
	variant
	t           *testing.T
	b           *formbrowser.Browser
	basic, post app
	objects     *service // signs request objects of both
	asked       int
}

// conform starts the server for all modules of a plan.
func conform(t *testing.T) *conformance {
	t.Helper()
	c := &conformance{world: startWith(t, server.Options{}), t: t, objects: &service{t: t}}
	c.objects.turn()
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: c.objects.key.Public(), KeyID: c.objects.kid}}})
	if err != nil {
		t.Fatal(err)
	}
	register := func(id string, method client.AuthMethod) app {
		return c.application(client.New{
			ID: id, AuthMethod: method, SecondFactor: client.FactorOff, PKCE: client.PKCEOptional, JWKS: string(keys),
			ResponseTypes: []client.ResponseType{client.Code, client.IDToken, client.IDTokenToken, client.CodeIDToken, client.CodeToken, client.CodeIDTokenToken},
		})
	}
	c.basic, c.post = register("basic", client.AuthBasic), register("post", client.AuthPost)
	if _, err := c.s.Users.Set(t.Context(), c.user.ID, func(u *user.Profile) error {
		u.Claims = user.Claims{
			Name: "Alice Example", GivenName: "Alice", FamilyName: "Example", MiddleName: "A.", Nickname: "Al", PreferredUsername: "alice",
			Profile: "https://alice.example/", Picture: "https://alice.example/me.png", Website: "https://alice.example/", Gender: "female",
			Birthdate: "1990-02-03", Zoneinfo: "Europe/Zurich", Locale: "en", Email: "alice@example.com", EmailVerified: true,
			PhoneNumber: "+41 44 555 01 23", PhoneVerified: true, Address: user.Address{Formatted: "Hauptstrasse 1\nBern", Country: "CH"},
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask is the request of the plan, with changes: pairs of name and value, where "-" leaves
// the parameter out.
func (c *conformance) ask(changes ...string) url.Values {
	c.asked++
	q := url.Values{
		"client_id": {"basic"}, "redirect_uri": {callback}, "response_type": {c.responseType}, "scope": {"openid"},
		"state": {fmt.Sprintf("state-%d", c.asked)}, "nonce": {fmt.Sprintf("nonce-%d", c.asked)},
	}
	if c.mode != "" {
		q.Set("response_mode", c.mode)
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "-" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	return q
}

// visit leads the browser to the authorization endpoint.
func (c *conformance) visit(q url.Values) *formbrowser.Page {
	c.t.Helper()
	page, err := c.b.Get(c.t.Context(), c.issuer+"/authorize?"+q.Encode())
	if err != nil {
		c.t.Fatal(err)
	}
	return page
}

// signsIn holds that a page is the one of the sign-in, and signs in.
func (c *conformance) signsIn(page *formbrowser.Page) *formbrowser.Page {
	c.t.Helper()
	if page.State != "login" {
		c.t.Fatalf("at %s: got state %q, want the sign-in\n%s", page.URL, page.State, page.Body)
	}
	page, err := c.b.Press(c.t.Context(), page, "login-submit", map[string]string{"username": username, "password": passphrase})
	if err != nil {
		c.t.Fatal(err)
	}
	return page
}

// answered is what the client is told, once nothing is left to be asked; it holds that it
// came the way it was to come.
func (c *conformance) answered(page *formbrowser.Page, q url.Values) url.Values {
	c.t.Helper()
	if page.State == "login" {
		page = c.signsIn(page)
	}
	var err error
	form := q.Get("response_mode") == "form_post"
	switch {
	case form:
		page, err = c.b.Press(c.t.Context(), page, "continue", nil)
	case page.State == "done":
		page, err = c.b.Follow(c.t.Context(), page)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	where, text := "query", page.URL.RawQuery
	switch {
	case form:
		where, text = "form_post", page.Body
	case page.URL.Fragment != "":
		where, text = "fragment", page.URL.EscapedFragment()
	}
	want := "query"
	if strings.Contains(q.Get("response_type"), "token") {
		want = "fragment"
	}
	if form {
		want = "form_post"
	}
	got, err := url.ParseQuery(text)
	if err != nil || where != want || !strings.HasPrefix(page.URL.String(), callback) {
		c.t.Fatalf("got to %s by %s, want %s (%v)", page.URL, where, want, err)
	}
	if got.Get("state") != q.Get("state") || got.Get("iss") != c.issuer {
		c.t.Errorf("got state %q and iss %q", got.Get("state"), got.Get("iss"))
	}
	c.hide(got.Get("code"), got.Get("access_token"), got.Get("id_token"))
	return got
}

// authorize is a whole walk through the authorization endpoint.
func (c *conformance) authorize(q url.Values) url.Values {
	c.t.Helper()
	return c.answered(c.visit(q), q)
}

// refused holds that a request is answered with one of these errors.
func (c *conformance) refused(q url.Values, codes ...string) {
	c.t.Helper()
	got := c.authorize(q)
	if !slices.Contains(codes, got.Get("error")) || got.Has("code") || got.Has("id_token") || got.Has("access_token") {
		c.t.Errorf("got %v, want the error %v", got, codes)
	}
}

// told is what a client has after a sign-in.
type told struct {
	code, access, refresh string
	raw                   string // the ID token; the one of the token endpoint where there are two
	id                    *oidc.IDToken
	claims                map[string]any
}

// complete walks a request to its end and verifies everything that comes of it.
func (c *conformance) complete(q url.Values) told {
	c.t.Helper()
	got := c.authorize(q)
	if got.Has("error") {
		c.t.Fatalf("got %v", got)
	}
	for _, part := range []struct{ in, as string }{{"code", "code"}, {"token", "access_token"}, {"id_token", "id_token"}} {
		if got.Has(part.as) != c.has(part.in) {
			c.t.Errorf("%s in the answer: %v", part.as, got.Has(part.as))
		}
	}
	out := told{code: got.Get("code"), access: got.Get("access_token"), raw: got.Get("id_token")}
	if out.raw != "" {
		c.verify(&out, q)
		c.hashes(out)
	}
	if out.code != "" {
		first := out.id
		c.redeem(&out, q)
		if first != nil && (first.Subject != out.id.Subject || first.Issuer != out.id.Issuer) {
			c.t.Errorf("two ID tokens about two people: %s and %s", first.Subject, out.id.Subject)
		}
	}
	return out
}

// verify has a library of other hands judge the ID token.
func (c *conformance) verify(got *told, q url.Values) {
	c.t.Helper()
	var err error
	trusted := c.basic.provider.Verifier(&oidc.Config{ClientID: q.Get("client_id"), SupportedSigningAlgs: []string{"RS256"}})
	if got.id, err = trusted.Verify(c.t.Context(), got.raw); err != nil {
		c.t.Fatalf("ID token: %v", err)
	}
	got.claims = map[string]any{}
	if err := got.id.Claims(&got.claims); err != nil {
		c.t.Fatal(err)
	}
	if got.id.Nonce != q.Get("nonce") || got.id.Subject != c.user.ID || got.claims["auth_time"] == nil && q.Has("max_age") {
		c.t.Errorf("got %v", got.claims)
	}
}

// call sends a request to an endpoint.
func (c *conformance) call(method, path string, form url.Values, change func(*http.Request)) (int, map[string]any) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	change(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, answer
}
