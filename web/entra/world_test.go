package entra_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/web/cookie"
	surface "github.com/nod-idp/nod/web/entra"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

const publicURL = "https://login.example.com"

// world is a server with one tenant, without the logins behind it.
type world struct {
	t       *testing.T
	tenant  entra.Tenant
	handler http.Handler
	log     strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d := dbtest.SQLite(t)
	in, err := instance.Open(t.Context(), d, seal.NewKey(), moment)
	must(t, err)
	tenants := &entra.Tenants{DB: d, Box: in.Box, Epoch: in.Epoch, PublicURL: publicURL}
	w := &world{t: t}
	w.tenant, err = tenants.Add(t.Context(), entra.Tenant{
		Name: "contoso", TenantID: "9122040d-6c67-4c5b-b112-36a304b66dad", AppID: "600b719b-3766-4dc5-95a6-3c4a8dc31885", ClientID: "nod",
	})
	must(t, err)
	site, err := page.New(page.Brand{Name: "Northwind"}, surface.Static())
	must(t, err)
	pages, err := guard.NewBrowser(publicURL, surface.Exempt()...)
	must(t, err)
	pages.ErrorPage = site.Problem
	s, err := surface.New(site, surface.Surface{
		PublicURL: publicURL, Tenants: tenants, Logins: &idp.Service{DB: d, Epoch: in.Epoch}, Jar: cookie.Jar{Cookies: guard.Cookies{Secure: true}},
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), LoginPath: func(id string) string { return "/login/" + id },
	})
	must(t, err)
	s.RegisterPages(pages)
	api := &guard.API{}
	s.RegisterAPI(api)
	w.handler = &guard.Edge{API: api, Browser: pages, Log: slog.New(slog.DiscardHandler), PublicURL: publicURL}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// send sends a request below the tenant's issuer, as another site does.
func (w *world) send(method, path string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, publicURL+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Origin", "https://login.microsoftonline.com")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	text, err := io.ReadAll(res.Body)
	must(w.t, err)
	return res, string(text)
}

// request is one of Entra's whose hint is none.
func (w *world) request(change func(url.Values)) url.Values {
	values := url.Values{
		"scope": {"openid"}, "response_type": {"id_token"}, "response_mode": {"form_post"}, "client_id": {"nod"}, "redirect_uri": {w.tenant.ReplyURL()},
		"nonce": {"n"}, "state": {`s"><script>`}, "id_token_hint": {"x"}, "client-request-id": {"5f5a8b0e"},
		"claims": {`{"id_token":{"acr":{"values":["possessionorinherence"]},"amr":{"values":["otp"]}}}`},
	}
	if change != nil {
		change(values)
	}
	return values
}
