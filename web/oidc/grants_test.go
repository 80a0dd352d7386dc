package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// Every grant type against clients that are registered for one of them: a client gets
// through to the grant it has, and is told of every other that it may not.
func TestAClientUsesTheGrantsItIsRegisteredForAndNoOther(t *testing.T) {
	w := on(t)
	requests := map[client.Grant]url.Values{
		client.AuthorizationCode: exchange("noc_x"),
		client.RefreshToken:      {"refresh_token": {"nor_x"}},
		client.ClientCredentials: {},
		client.DeviceCode:        {"device_code": {"x"}},
		client.Implicit:          {},
		"password":               {"username": {"alice"}, "password": {"x"}},
		"urn:ietf:params:oauth:grant-type:token-exchange": {"subject_token": {"x"}, "subject_token_type": {"x"}},
		"urn:ietf:params:oauth:grant-type:jwt-bearer":     {"assertion": {"x"}},
	}
	unknown := map[client.Grant]bool{
		client.Implicit: true, "password": true, "urn:ietf:params:oauth:grant-type:token-exchange": true, "urn:ietf:params:oauth:grant-type:jwt-bearer": true,
	}
	for i, held := range [][]client.Grant{
		{client.AuthorizationCode}, {client.AuthorizationCode, client.RefreshToken}, {client.ClientCredentials},
		{client.DeviceCode}, {client.DeviceCode, client.RefreshToken},
	} {
		n := client.New{ID: fmt.Sprint("probe", i), AuthMethod: client.AuthPost, Grants: held, IDTokenAlg: client.ES256}
		if held[0] == client.AuthorizationCode {
			n.RedirectURIs = []string{redirect}
		}
		c, secret, err := w.clients.Add(t.Context(), n)
		must(t, err)
		for grant, form := range requests {
			full := url.Values{"grant_type": {string(grant)}, "client_id": {c.ID}, "client_secret": {secret}}
			for name, values := range form {
				if name != "grant_type" {
					full[name] = values
				}
			}
			got := w.post("/oauth/token", full)
			code, _ := got.json(t)["error"].(string)
			want := "unauthorized_client"
			switch {
			case unknown[grant]:
				want = "unsupported_grant_type"
			case c.AllowsGrant(string(grant)) && grant == client.ClientCredentials:
				want = ""
			case c.AllowsGrant(string(grant)):
				want = "invalid_grant"
			}
			if code != want || (want == "") != (got.StatusCode == http.StatusOK) {
				t.Errorf("%v asks for %s: got %d %s, want %q", held, grant, got.StatusCode, got.body, want)
			}
		}
	}
}

func TestTwoSecretsOfAClientCountWhileItIsChangedOver(t *testing.T) {
	w := on(t)
	form := url.Values{"grant_type": {"client_credentials"}}
	second, err := w.clients.AddSecret(t.Context(), "app")
	must(t, err)
	works := func(secret string) bool {
		got := w.post("/oauth/token", form, func(r *http.Request) { r.SetBasicAuth("app", secret) })
		return got.StatusCode == http.StatusOK
	}
	if !works(w.secret) || !works(second) {
		t.Error("one of the two is refused")
	}
	third, err := w.clients.AddSecret(t.Context(), "app")
	must(t, err)
	if works(w.secret) || !works(second) || !works(third) {
		t.Error("the oldest of three must end, the others must not")
	}
}
