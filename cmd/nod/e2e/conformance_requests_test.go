package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// requestModules are about what a request may hold.
var requestModules = []module{
	{"oidcc-display-page", func(c *conformance) { c.complete(c.ask("display", "page")) }, nil},
	{"oidcc-display-popup", func(c *conformance) { c.complete(c.ask("display", "popup")) }, nil},
	{"oidcc-ui-locales", func(c *conformance) { c.complete(c.ask("ui_locales", "se")) }, nil},
	{"oidcc-claims-locales", func(c *conformance) { c.complete(c.ask("claims_locales", "se")) }, nil},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", func(c *conformance) { c.complete(c.ask("extra", "foobar")) }, nil},
	{"oidcc-ensure-request-with-acr-values-succeeds", func(c *conformance) {
		got := c.complete(c.ask("acr_values", "1 2"))
		if acr := got.claims["acr"]; acr != "urn:nod:acr:password" { // what was done, not what was asked for
			c.t.Errorf("got acr %v", acr)
		}
	}, nil},
	{"oidcc-claims-essential", func(c *conformance) {
		where := "userinfo"
		if !c.tokened() {
			where = "id_token"
		}
		if got := c.person(c.complete(c.ask("claims", `{"`+where+`":{"name":{"essential":true}}}`))); got["name"] != "Alice Example" {
			c.t.Errorf("got %v", got)
		}
	}, nil},
	{"oidcc-ensure-registered-redirect-uri", func(c *conformance) {
		page := c.visit(c.ask("redirect_uri", callback+"/unregistered"))
		if page.Status != http.StatusBadRequest || page.URL.Host == "127.0.0.1:9" {
			c.t.Errorf("got %d at %s, want a page", page.Status, page.URL)
		}
	}, nil},
	{"oidcc-ensure-post-request-succeeds", postedRequest, plainCode},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(c *conformance) {
		// No request_uri of a stranger's is fetched, so there is no unsigned object to be judged.
		_, known := c.call(http.MethodGet, "/.well-known/openid-configuration", nil, func(*http.Request) {})
		if slices.Contains(known["request_object_signing_alg_values_supported"].([]any), any("none")) {
			c.t.Error("none is among the algorithms")
		}
		c.refused(c.ask("request_uri", "https://127.0.0.1:9/object"), "request_uri_not_supported", "invalid_request_uri")
	}, nil},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(c *conformance) {
		q := c.ask()
		q.Set("request", unsigned(c, q))
		c.refused(q, "request_not_supported")
	}, nil},
	{"oidcc-ensure-request-object-with-redirect-uri", func(c *conformance) {
		q := c.ask()
		claims := map[string]any{"iss": "basic", "aud": c.issuer, "exp": time.Now().Add(time.Duration(c.ahead.Load())).Unix() + 60}
		for name := range q {
			claims[name] = q.Get(name)
		}
		q.Set("request", c.objects.sign(claims, nil))
		outside := url.Values{}
		for name := range q {
			outside.Set(name, q.Get(name))
		}
		outside.Set("redirect_uri", "https://evil.example/callback")
		if got := c.answered(c.visit(outside), q); got.Has("error") {
			c.t.Errorf("got %v", got)
		}
	}, nil},
}

// unsigned is a request object without signature (RFC 7519, section 6.1).
func unsigned(c *conformance, q url.Values) string {
	claims := map[string]string{"iss": "basic", "aud": c.issuer}
	for name := range q {
		claims[name] = q.Get(name)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		c.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
}

// postedRequest sends the request as a form; the browser goes where it is led to then.
func postedRequest(c *conformance) {
	q := c.ask()
	page, err := c.b.FromSite(c.t.Context(), "http://127.0.0.1:9", c.issuer+"/authorize", q)
	if err != nil {
		c.t.Fatal(err)
	}
	if got := c.answered(page, q); got.Get("code") == "" {
		c.t.Errorf("got %v", got)
	}
}
