package e2e

import (
	"net/url"
	"strings"
	"time"
)

// hintModules are about who is signed in, and how long ago.
var hintModules = []module{
	{"oidcc-prompt-login", func(c *conformance) {
		first := c.complete(c.ask("max_age", "10000"))
		c.skip(2 * time.Second)
		q := c.ask("prompt", "login", "max_age", "10000")
		c.mustAsk(q)
		again := c.complete(q)
		if !later(again, first) {
			c.t.Errorf("got auth_time %v after %v", again.claims["auth_time"], first.claims["auth_time"])
		}
	}, nil},
	{"oidcc-prompt-none-not-logged-in", func(c *conformance) {
		c.b = c.browser()
		c.refused(c.ask("prompt", "none"), "login_required", "interaction_required")
	}, nil},
	{"oidcc-prompt-none-logged-in", func(c *conformance) {
		c.same(c.complete(c.ask("max_age", "10000")), c.ask("prompt", "none", "max_age", "10000"))
	}, nil},
	{"oidcc-max-age-1", func(c *conformance) {
		first := c.complete(c.ask("max_age", "10000"))
		c.skip(2 * time.Second)
		q := c.ask("max_age", "1")
		c.mustAsk(q)
		again := c.complete(q)
		if !later(again, first) {
			c.t.Errorf("got auth_time %v after %v", again.claims["auth_time"], first.claims["auth_time"])
		}
	}, nil},
	{"oidcc-max-age-10000", func(c *conformance) { c.same(c.complete(c.ask("max_age", "10000")), c.ask("max_age", "10000")) }, nil},
	{"oidcc-id-token-hint", func(c *conformance) {
		first := c.complete(c.ask("max_age", "10000"))
		c.same(first, c.ask("prompt", "none", "id_token_hint", first.raw, "max_age", "10000"))
	}, nil},
	{"oidcc-login-hint", func(c *conformance) {
		c.b = c.browser()
		q := c.ask("login_hint", username)
		page := c.visit(q)
		if !strings.Contains(page.Body, `value="`+username+`"`) {
			c.t.Errorf("the page does not name %s\n%s", username, page.Body)
		}
		if got := c.answered(page, q); got.Has("error") {
			c.t.Errorf("got %v", got)
		}
	}, nil},
}

// mustAsk holds that a request leads to the sign-in although the person is signed in.
func (c *conformance) mustAsk(q url.Values) {
	c.t.Helper()
	if page := c.visit(q); page.State != "login" {
		c.t.Errorf("at %s: got state %q, want the sign-in", page.URL, page.State)
	}
}

// same holds that a second request is answered from the same sign-in, without a page.
func (c *conformance) same(first told, q url.Values) {
	c.t.Helper()
	if page := c.visit(q); page.State == "login" {
		c.t.Fatal("the person is asked again")
	}
	again := c.complete(q)
	if again.id.Subject != first.id.Subject || again.claims["auth_time"] != first.claims["auth_time"] || first.claims["auth_time"] == nil {
		c.t.Errorf("got %s at %v, want %s at %v", again.id.Subject, again.claims["auth_time"], first.id.Subject, first.claims["auth_time"])
	}
}

func later(a, b told) bool {
	x, okX := a.claims["auth_time"].(float64)
	y, okY := b.claims["auth_time"].(float64)
	return okX && okY && x > y
}
