package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/client"
)

// answerModules are about what a client is told.
var answerModules = []module{
	{"oidcc-server", func(c *conformance) {
		got := c.complete(c.ask())
		if c.tokened() {
			c.userinfo(got.access, http.MethodGet, "header")
		}
	}, nil},
	{"oidcc-response-type-missing", func(c *conformance) {
		c.refused(c.ask("response_type", "-"), "invalid_request", "unsupported_response_type")
	}, nil},
	{"oidcc-idtoken-signature", idTokenSignature, nil},
	{"oidcc-idtoken-unsigned", idTokenUnsigned, plainCode},
	{"oidcc-userinfo-get", func(c *conformance) { c.userinfo(c.complete(c.ask()).access, http.MethodGet, "header") }, variant.tokened},
	{"oidcc-userinfo-post-header", func(c *conformance) { c.userinfo(c.complete(c.ask()).access, http.MethodPost, "header") }, variant.tokened},
	{"oidcc-userinfo-post-body", func(c *conformance) { c.userinfo(c.complete(c.ask()).access, http.MethodPost, "body") }, variant.tokened},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(c *conformance) { c.complete(c.ask("nonce", "-")) }, nonceless},
	{"oidcc-ensure-request-without-nonce-fails", func(c *conformance) { c.refused(c.ask("nonce", "-"), "invalid_request") }, withIDToken},
	{"oidcc-scope-profile", scoped("profile"), nil},
	{"oidcc-scope-email", scoped("email"), nil},
	{"oidcc-scope-address", scoped("address"), nil},
	{"oidcc-scope-phone", scoped("phone"), nil},
	{"oidcc-scope-all", scoped("profile email address phone"), nil},
	{"oidcc-ensure-other-scope-order-succeeds", func(c *conformance) {
		if got := c.person(c.complete(c.ask("scope", "email openid"))); got["email"] == nil {
			c.t.Errorf("got %v", got)
		}
	}, nil},
	{"oidcc-alternate-happy-flow", func(c *conformance) { // which newer releases have instead
		q := c.ask("scope", "email openid")
		parameters := strings.Split(q.Encode(), "&")
		slices.Reverse(parameters)
		page, err := c.b.Get(c.t.Context(), c.issuer+"/authorize?"+strings.Join(parameters, "&"))
		if err != nil {
			c.t.Fatal(err)
		}
		if got := c.answered(page, q); got.Has("error") {
			c.t.Errorf("got %v", got)
		}
	}, nil},
}

// hashes holds that c_hash and at_hash fit what came along (OpenID Connect Core 1.0,
// section 3.3.2.11).
func (c *conformance) hashes(got told) {
	c.t.Helper()
	for claim, of := range map[string]string{"c_hash": got.code, "at_hash": got.access} {
		sum := sha256.Sum256([]byte(of))
		want := base64.RawURLEncoding.EncodeToString(sum[:16])
		if has, there := got.claims[claim].(string); there != (of != "") || there && has != want {
			c.t.Errorf("%s: got %v", claim, got.claims[claim])
		}
	}
}

// userinfo gets the claims at the endpoint, with the token where it is wanted.
func (c *conformance) userinfo(access, method, where string) map[string]any {
	c.t.Helper()
	form, bear := url.Values{}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+access) }
	if where == "body" {
		form, bear = url.Values{"access_token": {access}}, func(*http.Request) {}
	}
	status, got := c.call(method, "/oauth/userinfo", form, bear)
	if status != http.StatusOK || got["sub"] != c.user.ID {
		c.t.Fatalf("got %d %v", status, got)
	}
	return got
}

// person is what the scopes tell about the person: at the userinfo endpoint, or in the ID
// token if there is no access token (OpenID Connect Core 1.0, section 5.4).
func (c *conformance) person(got told) map[string]any {
	c.t.Helper()
	if !c.tokened() {
		return got.claims
	}
	return c.userinfo(got.access, http.MethodGet, "header")
}

func scoped(scopes string) func(*conformance) {
	return func(c *conformance) {
		got := c.person(c.complete(c.ask("scope", "openid "+scopes)))
		for scope, claims := range map[string][]string{
			"profile": {"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
				"gender", "birthdate", "zoneinfo", "locale", "updated_at"},
			"email": {"email", "email_verified"}, "phone": {"phone_number", "phone_number_verified"}, "address": {"address"},
		} {
			for _, claim := range claims {
				if _, there := got[claim]; there != strings.Contains(scopes, scope) {
					c.t.Errorf("%s: there %v", claim, there)
				}
			}
		}
	}
}

func idTokenSignature(c *conformance) {
	got := c.complete(c.ask())
	head, _, _ := strings.Cut(got.raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var header struct{ Alg, Kid string }
	if err != nil || json.Unmarshal(text, &header) != nil || header.Alg != "RS256" || header.Kid == "" {
		c.t.Fatalf("got the header %s", text)
	}
	_, set := c.call(http.MethodGet, "/.well-known/jwks.json", nil, func(*http.Request) {})
	found := 0
	for _, key := range set["keys"].([]any) {
		if one := key.(map[string]any); one["kid"] == header.Kid && one["kty"] == "RSA" && one["use"] == "sig" {
			found++
		}
	}
	if found != 1 {
		c.t.Errorf("%d keys of the id %s", found, header.Kid)
	}
}

// idTokenUnsigned: none can be neither found nor registered.
func idTokenUnsigned(c *conformance) {
	_, known := c.call(http.MethodGet, "/.well-known/openid-configuration", nil, func(*http.Request) {})
	for _, alg := range known["id_token_signing_alg_values_supported"].([]any) {
		if alg == "none" {
			c.t.Error("none is among the algorithms")
		}
	}
	if _, _, err := c.s.Clients.Add(c.t.Context(), client.New{ID: "unsigned", RedirectURIs: []string{callback}, IDTokenAlg: "none"}); err == nil {
		c.t.Error("none was registered")
	}
}
