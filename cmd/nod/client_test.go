package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

func TestAClientIsAddedFromAScript(t *testing.T) {
	s := newTerminal(t)
	r := s.does("client", "add", "mail", "--data", s.dir, "--name", "Contoso Mail", "--redirect-uri", "https://mail.example/cb?a=1&b=2",
		"--redirect-uri", "https://mail.example/a,b", "--json")
	var added map[string]any
	r.json(&added)
	secret, _ := added["client_secret"].(string)
	if added["client_id"] != "mail" || secret == "" || !strings.Contains(r.stdout, "a=1&b=2") {
		t.Errorf("got %s", r.stdout)
	}
	for name, want := range map[string]string{
		"token_endpoint_auth_method": `"client_secret_basic"`, "grant_types": `["authorization_code","refresh_token"]`, "pkce": `"required"`,
		"id_token_signed_response_alg": `"RS256"`, "second_factor": `"push-number"`, "refresh_rotation": "true",
		"redirect_uris": `["https://mail.example/cb?a=1\u0026b=2","https://mail.example/a,b"]`,
	} {
		if got, _ := json.Marshal(added[name]); string(got) != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	c, err := s.opened().Clients.Get(t.Context(), "mail")
	if err != nil || !c.VerifySecret(secret) {
		t.Errorf("the printed secret: got %v, want it to be right", err)
	}
	for _, args := range [][]string{{"client", "show", "mail"}, {"client", "show", "mail", "--json"}, {"client", "list", "--json"}, {"audit", "--json"}} {
		if out := s.does(args...).stdout; strings.Contains(out, secret) || !strings.Contains(out, "mail") {
			t.Errorf("nod %v shows the secret, or nothing: %s", args, out)
		}
	}
}

func TestAPublicClientIsToldNoSecret(t *testing.T) {
	s := newTerminal(t)
	var added map[string]any
	s.does("client", "add", "app", "--public", "--redirect-uri", "com.example.app:/cb", "--second-factor", "push", "--json").json(&added)
	if _, told := added["client_secret"]; told || added["public"] != true || added["second_factor"] != "push" {
		t.Errorf("got %v", added)
	}
	s.types("", "client", "secret", "app").fails(statusFailure, "a public client has no secret", "--public=false")
	s.types("", "client", "add", "app2", "--public", "--pkce", "optional", "--redirect-uri", "https://a.example/cb").
		fails(statusFailure, `pkce: "optional" is refused because the client is public; allowed is required`)
}

func TestARegistrationIsChangedPartByPart(t *testing.T) {
	s := newTerminal(t)
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example/cb", "--post-logout-redirect-uri", "https://mail.example/bye")
	s.does("client", "set", "mail", "--name", "Mail", "--second-factor", "off", "--pkce", "optional", "--grant", "authorization_code,client_credentials",
		"--id-token-alg", "ES256", "--refresh-rotation", "off", "--origin", "https://mail.example", "--auth-method", "client_secret_post")
	s.does("client", "set", "mail", "--post-logout-redirect-uri", "")
	var c clientView
	s.does("client", "show", "mail", "--json").json(&c)
	if c.Name != "Mail" || c.SecondFactor != "off" || c.PKCE != "optional" || c.IDTokenAlg != "ES256" || c.RefreshRotation ||
		len(c.PostLogoutRedirectURIs) != 0 || len(c.RedirectURIs) != 1 || len(c.Origins) != 1 || c.AuthMethod != "client_secret_post" || len(c.Grants) != 2 {
		t.Errorf("got %+v", c)
	}
	s.does("client", "set", "mail", "--response-mode", "form_post,query.jwt")
	if s.does("client", "show", "mail", "--json").json(&c); !slices.Equal(c.ResponseModes, []client.ResponseMode{client.FormPost, client.QueryJWT}) {
		t.Errorf("got %v", c.ResponseModes)
	}
	if shown := s.does("client", "show", "mail").stdout; !strings.Contains(shown, "form_post, query.jwt") {
		t.Errorf("got %s", shown)
	}
	s.does("client", "set", "mail", "--response-mode", "")
	if s.does("client", "show", "mail", "--json").json(&c); len(c.ResponseModes) != 0 {
		t.Errorf("got %v", c.ResponseModes)
	}
	s.types("", "client", "set", "mail", "--response-mode", "jwt").fails(statusFailure, `"jwt" is refused; allowed is query, fragment, form_post`)
	s.types("", "client", "set", "mail", "--second-factor", "sms").fails(statusFailure, `"sms" is refused; allowed is push-number, push, off`)
	s.types("", "client", "set", "nobody", "--name", "x").fails(statusFailure, "no such client", "nod client list")
	public := []string{"client", "set", "mail", "--public", "--pkce", "required", "--refresh-rotation", "on", "--grant", "authorization_code"}
	s.types("", public...).fails(statusFailure, "make the client mail public and end 1 secret")
	s.does(append(public, "--yes")...)
	s.does("client", "show", "mail", "--json").json(&c)
	if !c.Public || len(c.Secrets) != 0 {
		t.Errorf("got %+v, want it public and without secrets", c)
	}
}

func TestASecretIsChangedOverOrReplaced(t *testing.T) {
	s := newTerminal(t)
	secretOf := func(args ...string) string {
		var view clientView
		s.does(append(args, "--json")...).json(&view)
		return view.Secret
	}
	first := secretOf("client", "add", "mail", "--redirect-uri", "https://mail.example/cb")
	in := s.opened()
	valid := func(secrets ...string) (all []bool) {
		c, err := in.Clients.Get(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			all = append(all, c.VerifySecret(secret))
		}
		return all
	}
	second := secretOf("client", "secret", "mail")
	eventually(t, func() bool { return slices.Equal(valid(first, second), []bool{true, true}) })
	s.types("", "client", "secret", "mail", "--replace").fails(statusFailure, "end 2 secrets of the client mail at once", "--yes")
	third := secretOf("client", "secret", "mail", "--replace", "--yes")
	eventually(t, func() bool { return slices.Equal(valid(first, second, third), []bool{false, false, true}) })
}

func TestAClientIsRemovedForGood(t *testing.T) {
	s := newTerminal(t)
	add := []string{"client", "add", "mail", "--redirect-uri", "https://mail.example/cb"}
	s.does(add...)
	s.types("", add...).fails(statusFailure, "there is a client of this id already", "nod client set")
	s.types("yes\n", "client", "remove", "mail").fails(statusFailure, "remove the client mail (mail) for good", "nobody can be asked")
	s.does("client", "show", "mail")
	s.does("client", "remove", "mail", "--yes")
	s.types("", "client", "show", "mail").fails(statusFailure, "no such client")
	s.types("", add...).fails(statusFailure, "ids are not used again")
}
