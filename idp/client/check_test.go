package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestOnlyPlainURIsMayBeRegistered(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	for _, row := range []struct {
		uri    string
		public bool
		want   string // part of the reason, "" if it is fine
	}{
		{"https://mail.example/callback", false, ""},
		{"https://mail.example", false, ""},
		{"https://mail.example:8443/callback?tenant=1&next=%2Fa", false, ""},
		{"https://192.0.2.1/cb", false, ""},
		{"https://[2001:db8::1]:8443/cb", false, ""},
		{"https://xn--bcher-kva.example/cb", false, ""},
		{"http://localhost:3000/cb", false, ""},
		{"http://127.0.0.1/cb", false, ""},
		{"http://127.0.0.1:9/cb", true, ""},
		{"http://[::1]/cb", true, ""},
		{"com.example.app:/cb", true, ""},
		{"com.example.app://oauth/cb", true, ""},
		{"https://mail.example/a/..b/...", false, ""},

		{"", false, "empty"},
		{"/callback", false, "not absolute"},
		{"//mail.example/callback", false, "not absolute"},
		{"mail.example/callback", false, "not absolute"},
		{"http://mail.example/callback", false, "is http"},
		{"http://localhost.evil.example/cb", false, "is http"},
		{"http://127.0.0.1.evil.example/cb", false, "is http"},
		{"http://2130706433/cb", false, "is http"},
		{"http://0.0.0.0/cb", false, "is http"},
		{"https://mail.example/callback#", false, "fragment"},
		{"https://mail.example/callback#x", false, "fragment"},
		{"https://alice@mail.example/cb", false, "user information"},
		{"https://alice:pw@mail.example/cb", false, "user information"},
		{"https://@mail.example/cb", false, "user information"},
		{"https://*.example/cb", false, "wildcard"},
		{"https://mail.example/*", false, "wildcard"},
		{"javascript:alert(1)", false, "scheme"},
		{"javascript:alert(1)", true, "scheme"},
		{"JavaScript:alert(1)", true, "scheme"},
		{"data:text/html,x", true, "scheme"},
		{"vbscript:x", true, "scheme"},
		{"file:///etc/passwd", true, "scheme"},
		{"blob:https://mail.example/x", true, "scheme"},
		{"about:blank", true, "scheme"},
		{"myapp:/cb", true, "scheme"},
		{"com.example.app:", true, "nothing follows"},
		{"com.example.app:/cb", false, "public"},
		{"HTTPS://mail.example/cb", false, "lower case"},
		{"https:mail.example/cb", false, "no host"},
		{"https:///cb", false, "no host"},
		{"https://:443/cb", false, "no host"},
		{"https://mail.example:/cb", false, "port"},
		{"https://mail.example:0/cb", false, "port"},
		{"https://mail.example:99999/cb", false, "port"},
		{"https://mail..example/cb", false, "host"},
		{"https://mail.example./cb", false, "host"},
		{"https://-mail.example/cb", false, "host"},
		{"https://mail%2eexample/cb", false, "URI"},
		{"https://mail.example%00.evil.example/cb", false, "URI"},
		{"https://mail.example/a/../cb", false, ". or .."},
		{"https://mail.example/a/%2e%2e/cb", false, ". or .."},
		{"https://mail.example/a/..;x/cb", false, ". or .."},
		{"https://mail.example/a%2f..%2fcb", false, ". or .."},
		{"https://mail.example/./cb", false, ". or .."},
		{"https://mail.example\\@evil.example/cb", false, "no place"},
		{"https://mail.example/cb\n", false, "white space"},
		{"https://mail.example/c b", false, "white space"},
		{" https://mail.example/cb", false, "white space"},
		{"https://mail.example/\x00", false, "white space"},
		{"https://bücher.example/cb", false, "ASCII"},
		{"https://mail.example/%zz", false, "URI"},
		{"https://mail.example/" + strings.Repeat("a", 2000), false, "longer"},
	} {
		for _, list := range []string{"redirect_uris", "post_logout_redirect_uris"} {
			n := client.New{ID: "probe", RedirectURIs: []string{"https://fine.example/cb"}}
			if row.public {
				n.AuthMethod = client.AuthNone
			}
			if list == "redirect_uris" {
				n.RedirectURIs = []string{row.uri}
			} else {
				n.PostLogoutRedirectURIs = []string{row.uri}
			}
			_, _, err := s.Add(t.Context(), n)
			if err == nil || errors.Is(err, client.ErrTaken) || errors.Is(err, client.ErrUsed) {
				if row.want != "" {
					t.Errorf("%s %q: got no refusal, want %q", list, row.uri, row.want)
				}
				_ = s.Remove(t.Context(), "probe")
				continue
			}
			var invalid *client.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != list || invalid.Value != row.uri || row.want == "" || !strings.Contains(invalid.Reason, row.want) {
				t.Errorf("%s %q: got %v, want %q", list, row.uri, err, row.want)
			}
		}
	}
}

func TestARegistrationThatBreaksARuleIsRefused(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	for _, row := range []struct {
		says   string
		change func(*client.New)
		field  string
	}{
		{"no id", func(n *client.New) { n.ID = "" }, "client_id"},
		{"an id with a colon, which Basic splits at", func(n *client.New) { n.ID = "a:b" }, "client_id"},
		{"an id that has to be encoded", func(n *client.New) { n.ID = "a b" }, "client_id"},
		{"an id that is too long", func(n *client.New) { n.ID = strings.Repeat("a", 129) }, "client_id"},
		{"a name with a line break", func(n *client.New) { n.Name = "a\nb" }, "name"},
		{"a name that turns the writing round", func(n *client.New) { n.Name = "Mail\u202egpj" }, "name"},
		{"a name that is too long", func(n *client.New) { n.Name = strings.Repeat("é", 129) }, "name"},
		{"an unknown authentication method", func(n *client.New) { n.AuthMethod = "client_secret_jwt" }, "token_endpoint_auth_method"},
		{"an unknown PKCE rule", func(n *client.New) { n.PKCE = "plain" }, "pkce"},
		{"an unknown second factor", func(n *client.New) { n.SecondFactor = "sms" }, "second_factor"},
		{"the algorithm none", func(n *client.New) { n.IDTokenAlg = "none" }, "id_token_alg"},
		{"the algorithm HS256", func(n *client.New) { n.IDTokenAlg = "HS256" }, "id_token_alg"},
		{"the password grant", func(n *client.New) { n.Grants = []client.Grant{"password"} }, "grants"},
		{"a plain access token from the address", func(n *client.New) { n.ResponseTypes = []client.ResponseType{"token"} }, "response_types"},
		{"a response type twice", func(n *client.New) { n.ResponseTypes = []client.ResponseType{"id_token", "id_token"} }, "response_types"},
		{"another form of access token", func(n *client.New) { n.AccessTokens = "paseto" }, "access_tokens"},
		{"a client that signs, without a key", func(n *client.New) { n.AuthMethod = "private_key_jwt" }, "jwks"},
		{"signed requests without a key", func(n *client.New) { n.SignedRequests = true }, "jwks"},
		{"keys in two places", func(n *client.New) { n.JWKS, n.JWKSURI = publicKeys, "https://mail.example/keys" }, "jwks_uri"},
		{"a key set that is none", func(n *client.New) { n.JWKS = "[]" }, "jwks"},
		{"a private key", func(n *client.New) { n.JWKS = privateKeys }, "jwks"},
		{"only a secret key", func(n *client.New) { n.JWKS = `{"keys":[{"kty":"oct","k":"AAAA"}]}` }, "jwks"},
		{"keys at an http address", func(n *client.New) { n.JWKSURI = "http://mail.example/keys" }, "jwks_uri"},
		{"a resource with a fragment", func(n *client.New) { n.Resources = []string{"https://api.example/#a"} }, "resources"},
		{"a relative resource", func(n *client.New) { n.Resources = []string{"/api"} }, "resources"},
		{"a back-channel by http", func(n *client.New) { n.BackchannelLogoutURI = "http://mail.example/out" }, "backchannel_logout_uri"},
		{"a front-channel script", func(n *client.New) { n.FrontchannelLogoutURI = "javascript:alert(1)" }, "frontchannel_logout_uri"},
		{"CIBA by push", func(n *client.New) { n.CIBA = "push" }, "ciba"},
		{"the CIBA grant without a way", func(n *client.New) { n.Grants = []client.Grant{client.CIBA} }, "ciba"},
		{"a ping to nowhere", func(n *client.New) { n.CIBA = client.CIBAPing }, "ciba_notification_uri"},
		{"an address for a client that polls", func(n *client.New) {
			n.CIBA, n.CIBANotificationURI = client.CIBAPoll, "https://mail.example/ping"
		}, "ciba_notification_uri"},
		{"a public client that asks people by itself", func(n *client.New) { n.AuthMethod, n.CIBA = "none", client.CIBAPoll }, "grants"},
		{"FAPI 1", func(n *client.New) { n.FAPI = 1 }, "fapi"},
		{"FAPI 2 with a secret", func(n *client.New) { n.FAPI, n.JWKS, n.AuthMethod = 2, publicKeys, "client_secret_basic" }, "token_endpoint_auth_method"},
		{"FAPI 2 with RS256", func(n *client.New) { n.FAPI, n.JWKS, n.IDTokenAlg = 2, publicKeys, "RS256" }, "id_token_alg"},
		{"FAPI 2 without PKCE", func(n *client.New) { n.FAPI, n.JWKS, n.PKCE = 2, publicKeys, "optional" }, "pkce"},
		{"FAPI 2 with a hybrid response", func(n *client.New) {
			n.FAPI, n.JWKS, n.ResponseTypes = 2, publicKeys, []client.ResponseType{"code id_token"}
		}, "response_types"},
		{"FAPI 2 on things without a browser", func(n *client.New) {
			n.FAPI, n.JWKS, n.Grants = 2, publicKeys, []client.Grant{"authorization_code", client.DeviceCode}
		}, "grants"},
		{"FAPI 2 without keys", func(n *client.New) { n.FAPI = 2 }, "jwks"},
		{"refresh tokens from nowhere", func(n *client.New) { n.Grants = []client.Grant{"client_credentials", "refresh_token"} }, "grants"},
		{"no redirect URI", func(n *client.New) { n.RedirectURIs = nil }, "redirect_uris"},
		{"a redirect URI twice", func(n *client.New) { n.RedirectURIs = append(n.RedirectURIs, n.RedirectURIs...) }, "redirect_uris"},
		{"a public client without PKCE", func(n *client.New) { n.AuthMethod, n.PKCE = "none", "optional" }, "pkce"},
		{"a public client with client credentials", func(n *client.New) {
			n.AuthMethod, n.Grants = "none", []client.Grant{"authorization_code", "client_credentials"}
		}, "grants"},
		{"a public client that keeps its refresh tokens", func(n *client.New) { n.AuthMethod, n.KeepRefreshTokens = "none", true }, "refresh_rotation"},
		{"any origin", func(n *client.New) { n.Origins = []string{"*"} }, "origins"},
		{"the origin null", func(n *client.New) { n.Origins = []string{"null"} }, "origins"},
		{"an origin with a path", func(n *client.New) { n.Origins = []string{"https://mail.example/"} }, "origins"},
		{"an origin in capitals", func(n *client.New) { n.Origins = []string{"https://Mail.example"} }, "origins"},
		{"an origin with the usual port", func(n *client.New) { n.Origins = []string{"https://mail.example:443"} }, "origins"},
		{"an http origin", func(n *client.New) { n.Origins = []string{"http://mail.example"} }, "origins"},
		{"an origin of an extension", func(n *client.New) { n.Origins = []string{"moz-extension://abc"} }, "origins"},
	} {
		t.Run(row.says, func(t *testing.T) {
			n := web("probe")
			row.change(&n)
			_, _, err := s.Add(t.Context(), n)
			var invalid *client.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != row.field || invalid.Allowed == "" {
				t.Errorf("got %v, want an InvalidError about %s", err, row.field)
			}
		})
	}
}

func TestAServiceNeedsNoRedirectURI(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	c, secret, err := s.Add(t.Context(), client.New{ID: "job", Grants: []client.Grant{client.ClientCredentials}})
	if err != nil || secret == "" || c.AllowsResponseType("code") || c.AllowsGrant("authorization_code") || c.Name != "job" {
		t.Errorf("got %+v, %v", c, err)
	}
}
