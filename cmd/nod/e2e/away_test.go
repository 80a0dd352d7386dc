package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/dbtest/chaos"
)

// Clients drop a grant that is said to be invalid, so a database that is away must never
// look like one.
func TestWithoutItsDatabaseARefreshIsOnlyPutOff(t *testing.T) {
	network, via := chaos.Start(t, dbtest.PostgresURL(t))
	w := start(t, via)
	p := w.phone(w.user, "phone", "")
	v := w.visit(w.browser(), w.app).password()
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	given, _, _ := v.tokens(v.code())

	network.Down(true)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {given.RefreshToken}}
	req := must(http.NewRequest(http.MethodPost, w.issuer+"/oauth/token", strings.NewReader(form.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(w.app.ClientID, w.app.ClientSecret)
	res := must(http.DefaultClient.Do(req))
	body := readAll(res)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || strings.Contains(body, "invalid_grant") {
		t.Errorf("refresh: got %d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), body)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/healthz"} {
		if res, _ := get(t, w.issuer+path); res.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
	if page, err := w.browser().Get(t.Context(), w.app.AuthCodeURL("s", oauth2.S256ChallengeOption(v.verifier))); err != nil || page.Status != http.StatusServiceUnavailable {
		t.Errorf("authorize: got %v, %v", page, err)
	}

	network.Down(false)
	if _, err := w.app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: given.RefreshToken}).Token(); err != nil {
		t.Errorf("refresh afterwards: %v", err)
	}
}
