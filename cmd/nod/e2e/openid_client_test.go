package e2e

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// signInAt goes where a relying party sends the person, approves on the phone, and returns
// where the browser ends.
func (w *world) signInAt(b *formbrowser.Browser, address string, p *simulator.Phone) *formbrowser.Page {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	v := &visit{world: w, b: b, page: page}
	v.password()
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	return v.leave()
}

// leave goes on from the last page of a login: by itself, or by the form that holds the
// answer.
func (v *visit) leave() *formbrowser.Page {
	v.t.Helper()
	end, err := v.b.Follow(v.t.Context(), v.page)
	if err != nil {
		end, err = v.b.Press(v.t.Context(), v.page, "continue", nil)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return end
}

// land tells the relying party where the browser came to.
func (p *party) land(end *formbrowser.Page) {
	p.t.Helper()
	back := job{"url": end.URL.String()}
	if end.Body != "" {
		back["form"] = end.Body
	}
	p.tell(back)
}

// under makes the world report to this test until it is over, so that several tests share
// a server.
func (w *world) under(t *testing.T) {
	before := w.t
	w.t = t
	t.Cleanup(func() { w.t = before })
}

// same holds that a relying party knows who signed in, by everything it asked.
func (w *world) same(g got) {
	w.t.Helper()
	if g.Claims["sub"] != w.user.ID || g.Claims["acr"] == nil || g.Claims["iss"] != w.issuer {
		w.t.Errorf("got the claims %v", g.Claims)
	}
	if g.UserInfo["sub"] != w.user.ID || g.UserInfo["email"] != username+"@example.com" {
		w.t.Errorf("got the userinfo %v", g.UserInfo)
	}
	if strings.Contains(g.Scope, "offline_access") && g.Refreshed["sub"] != w.user.ID {
		w.t.Errorf("refreshed, got the claims %v", g.Refreshed)
	}
}

func TestOpenIDClientSignsInWithWhateverItAsksBy(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	for name, row := range map[string]struct {
		client client.New
		job    job
		dpop   bool
	}{
		"a secret":   {},
		"no secret":  {client: client.New{AuthMethod: client.AuthNone}},
		"RS256":      {client: client.New{IDTokenAlg: client.RS256}, job: job{"nonrepudiation": true}},
		"EdDSA":      {client: client.New{IDTokenAlg: client.EdDSA}},
		"its key":    {client: client.New{AuthMethod: client.AuthPrivateKey}},
		"DPoP":       {client: client.New{DPoP: true}, job: job{"dpop": true}, dpop: true},
		"JWT access": {client: client.New{AccessTokens: client.JWTTokens}},
		"a form":     {job: job{"parameters": job{"response_mode": "form_post"}}},
		"hybrid in a form": {
			client: client.New{ResponseTypes: []client.ResponseType{client.CodeIDToken}},
			job:    job{"hybrid": true, "parameters": job{"response_mode": "form_post"}},
		},
		"a signed answer":   {job: job{"jarm": true}},
		"a pushed request":  {client: client.New{PushedRequests: true}, job: job{"par": true}},
		"a signed request":  {client: client.New{SignedRequests: true}, job: job{"jar": true}},
		"signed and pushed": {client: client.New{SignedRequests: true, PushedRequests: true}, job: job{"jar": true, "par": true}},
		"FAPI 2.0":          {client: client.New{FAPI: client.FAPI2}, job: job{"par": true, "dpop": true}, dpop: true},
	} {
		t.Run(name, func(t *testing.T) {
			w.under(t)
			row.client.ID = strings.ReplaceAll(strings.ToLower(name), " ", "-")
			if row.client.FAPI == client.FAPI2 {
				row.client.AuthMethod = client.AuthPrivateKey
			}
			p := w.openidClient(row.client, row.job)
			b := w.browser()
			p.land(w.signInAt(b, p.away(), phone))
			g := p.outcome()
			w.same(g)
			if row.dpop != strings.EqualFold(g.TokenType, "dpop") {
				t.Errorf("got token type %q", g.TokenType)
			}
			if row.client.AuthMethod != client.AuthNone && g.Introspected["active"] != true {
				t.Errorf("introspection: got %v", g.Introspected)
			}
			end, err := b.Get(t.Context(), g.End)
			if err != nil || end.URL.String() != "http://127.0.0.1:9/?state=bye" {
				t.Errorf("signing out: got to %v, %v", end, err)
			}
		})
	}
}

func TestOpenIDClientSignsInSomethingWithoutABrowser(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	p := w.openidClient(client.New{Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken, client.DeviceCode}}, job{"flow": "device"})
	v := w.at(w.browser(), strings.TrimPrefix(p.away(), w.issuer))
	v.want("link")
	v.press("link-continue", "login")
	v.press("login-submit", "method", "username", username, "password", passphrase)
	w.approve(phone, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.follow()
	v.press("device-allow", "link-allowed")
	w.same(p.outcome())
}

func TestOpenIDClientGetsNothingButAnIDToken(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	p := w.openidClient(client.New{ResponseTypes: []client.ResponseType{client.IDToken}, Grants: []client.Grant{client.Implicit}},
		job{"flow": "implicit", "scope": "openid email", "parameters": job{"response_mode": "form_post"}})
	p.land(w.signInAt(w.browser(), p.away(), phone))
	if g := p.outcome(); g.Claims["sub"] != w.user.ID || g.Claims["email"] != username+"@example.com" {
		t.Errorf("got the claims %v", g.Claims)
	}
}

func TestOpenIDClientAsksThePhoneByItself(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "4711")
	p := w.openidClient(client.New{CIBA: client.CIBAPoll}, job{"flow": "ciba", "login_hint": username, "binding_message": "W4SCT"})
	var begun struct {
		ExpiresIn int    `json:"expires_in"`
		Failure   string `json:"failure"`
	}
	if p.hear(&begun); begun.ExpiresIn == 0 {
		t.Fatalf("openid-client: %s", begun.Failure)
	}
	if _, err := phone.Approve(t.Context(), w.asked(phone), "", "4711"); err != nil {
		t.Fatal(err)
	}
	if g := p.outcome(); g.Claims["sub"] != w.user.ID || g.UserInfo["email"] != username+"@example.com" {
		t.Errorf("got %+v", g)
	}
}
