package oidc_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// TestResponseModesAreAListPerClient is requirement 12, at the authorization endpoint and
// where requests are pushed. A refusal travels as if no mode had been asked for.
func TestResponseModesAreAListPerClient(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	for name, test := range map[string]struct {
		allowed []client.ResponseMode
		change  []string
		fine    bool
		by      string // how a refusal travels
	}{
		"no list, a form":                {nil, []string{"response_mode", "form_post"}, true, ""},
		"a form":                         {[]client.ResponseMode{client.FormPost}, []string{"response_mode", "form_post"}, true, ""},
		"a signed form instead":          {[]client.ResponseMode{client.FormPost}, []string{"response_mode", "form_post.jwt"}, false, "?"},
		"a query instead":                {[]client.ResponseMode{client.FormPost}, []string{"response_mode", "query"}, false, "?"},
		"a fragment instead":             {[]client.ResponseMode{client.Query}, []string{"response_mode", "fragment"}, false, "?"},
		"none, where the default is not": {[]client.ResponseMode{client.FormPost}, nil, false, "?"},
		"none, where the default is":     {[]client.ResponseMode{client.Query}, nil, true, ""},
		"none, for an ID token":          {[]client.ResponseMode{client.Fragment}, []string{"response_type", "id_token"}, true, ""},
		"a form, for an ID token":        {[]client.ResponseMode{client.Fragment}, []string{"response_type", "id_token", "response_mode", "form_post"}, false, "#"},
		"jwt is that of a code":          {[]client.ResponseMode{client.QueryJWT, client.FormPost}, []string{"response_mode", "jwt"}, true, ""},
		"jwt is not that of a fragment":  {[]client.ResponseMode{client.FragmentJWT}, []string{"response_mode", "jwt"}, false, "?"},
		"jwt is that of an ID token":     {[]client.ResponseMode{client.FragmentJWT}, []string{"response_mode", "jwt", "response_type", "id_token"}, true, ""},
	} {
		w.change("app", func(c *client.Client) {
			c.ResponseTypes, c.ResponseModes = []client.ResponseType{client.Code}, test.allowed
			if !slices.Contains(test.allowed, client.Query) {
				c.ResponseTypes = append(c.ResponseTypes, client.IDToken)
			}
		})
		got, pushed := w.get("/authorize", ask(test.change...)), w.post("/oauth/par", ask(test.change...), w.asApp)
		if test.fine {
			if got.Header.Get("Location") != "/login/log_1" || pushed.StatusCode != http.StatusCreated {
				t.Errorf("%s: got %d to %s, pushed %d %s", name, got.StatusCode, got.Header.Get("Location"), pushed.StatusCode, pushed.body)
			}
			continue
		}
		to, q := got.location(t)
		if to != redirect || q.Get("error") != "invalid_request" || q.Get("state") == "" || !strings.HasPrefix(got.Header.Get("Location"), redirect+test.by) {
			t.Errorf("%s: got %d to %s", name, got.StatusCode, got.Header.Get("Location"))
		}
		refused(t, pushed, http.StatusBadRequest, "invalid_request")
	}
}
