package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// FuzzAuthorizationRequest: whatever is sent, GET and POST understand the same, a
// request that is accepted keeps its rules, and one that is not has a code that the
// protocol knows.
func FuzzAuthorizationRequest(f *testing.F) {
	f.Add("response_type=code&scope=openid&state=x&code_challenge_method=S256&code_challenge=" + strings.Repeat("A", 43))
	f.Add("response_type=code&prompt=none+login&max_age=-1")
	f.Add("response_type=code&response_type=token&response_mode=form_post&nonce=%00&scope=%ff")
	f.Add("request=e30.&prompt=login&prompt=none&max_age=99999999999999999999&acr_values=a+b&%zz;")
	c := client.Client{ID: "app", RedirectURIs: []string{"https://app.example/cb"}, PKCE: client.PKCERequired, ResponseTypes: []client.ResponseType{client.Code}}
	s := &Surface{Issuer: "https://id.example"}
	f.Fuzz(func(t *testing.T, query string) {
		if strings.Contains(query, "hint") || strings.ContainsAny(query, "\r\n #") {
			return // a hint needs keys, and the others end an address
		}
		get := httptest.NewRequest(http.MethodGet, "/authorize", nil)
		get.URL.RawQuery = query
		post := httptest.NewRequest(http.MethodPost, "/authorize", strings.NewReader(query))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		fromGet, errGet := parametersOf(get)
		fromPost, errPost := parametersOf(post)
		if len(query) <= maxQuery && ((errGet == nil) != (errPost == nil) || !reflect.DeepEqual(fromGet, fromPost)) {
			t.Fatalf("GET read %v, %v and POST %v, %v", fromGet, errGet, fromPost, errPost)
		}
		if errGet != nil {
			return
		}
		fromGet.Set("redirect_uri", "https://app.example/cb")
		req, failure := s.read(t.Context(), fromGet, c)
		if !slices.Contains(responseModes, req.ResponseMode) || !plain(req.State) {
			t.Fatalf("cannot be answered: %+v", req)
		}
		if failure != nil {
			if strings.ContainsAny(failure.Description, "\"\\") || !plain(failure.Description) {
				t.Fatalf("a description that RFC 6749 forbids: %q", failure.Description)
			}
			return
		}
		for name, values := range fromGet {
			if len(values) > 1 && name != "resource" || !plain(values[0]) {
				t.Fatalf("accepted %s=%q", name, values)
			}
		}
		if req.ResponseType != "code" || len(req.CodeChallenge) != 43 || req.Prompts("none") && len(req.Prompt) > 1 || req.MaxAge != nil && *req.MaxAge < 0 {
			t.Fatalf("accepted %+v", req)
		}
		for _, scope := range req.Scopes {
			if !slices.Contains(scopes, scope) {
				t.Fatalf("accepted the scope %q", scope)
			}
		}
	})
}

// FuzzCredentials: whatever a client sends, one method at most comes out of it.
func FuzzCredentials(f *testing.F) {
	f.Add("Basic YXBwOnNlY3JldA==", "client_id=app")
	f.Add("", "client_id=app&client_secret=x")
	f.Add("basic OjpAJQ==", "client_secret=&client_assertion=x")
	f.Fuzz(func(t *testing.T, authorization, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", nil)
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		given, err := credentialsOf(r, form)
		if err != nil {
			if failureOf(err) == nil {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		if given.id == "" || (given.method == client.AuthNone) != (authorization == "" && !form.Has("client_secret")) {
			t.Fatalf("got %+v of %q and %q", given, authorization, body)
		}
	})
}
