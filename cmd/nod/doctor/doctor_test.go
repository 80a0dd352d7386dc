package doctor

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/entra"
)

// clinic is a running server with a tenant, and the doctor's view of it.
func clinic(t *testing.T) Patient {
	t.Helper()
	s, stop, err := throwaway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	tenant, err := s.Entra.Add(t.Context(), entra.Tenant{Name: "contoso", TenantID: guid(), AppID: guid(), ClientID: "nod"})
	if err != nil {
		t.Fatal(err)
	}
	return Patient{Tenants: s.Entra, Tenant: tenant, Unready: func(context.Context) (int, int, error) { return 2, 0, nil }}
}

func (r Report) state(name string) State {
	for _, f := range r.Findings {
		if strings.Contains(f.Name, name) {
			return f.State
		}
	}
	return ""
}

func TestAHealthyServerIsFoundHealthyAndIsLeftAsItWas(t *testing.T) {
	p := clinic(t)
	r := Examine(t.Context(), p, false)
	for _, f := range r.Findings {
		if f.State == Failed || f.State == Skipped {
			t.Errorf("%s, %s: %s", f.Area, f.Name, f.Says)
		}
	}
	for _, name := range []string{"used before", "by a new key", "of the cloud china", "a whole sign-in with a phone, for the cloud usgov", "fits into five minutes"} {
		if got := r.state(name); got != OK {
			t.Errorf("%s: got %q", name, got)
		}
	}
	left, err := p.Tenants.List(t.Context())
	if err != nil || len(left) != 1 {
		t.Errorf("%d registrations are left, %v", len(left), err)
	}
	if len(r.Known) < 3 || !strings.Contains(r.Known[0].Text, p.Tenant.AppID) {
		t.Errorf("got %+v", r.Known)
	}
}

func TestAServerThatIsDownIsFoundOut(t *testing.T) {
	p := clinic(t)
	p.Tenants = &entra.Tenants{DB: p.Tenants.DB, Box: p.Tenants.Box, Epoch: p.Tenants.Epoch, PublicURL: "http://127.0.0.1:1"}
	r := Examine(t.Context(), p, true)
	if r.state("it answers") != Failed || r.Failed() == 0 {
		t.Errorf("got %+v", r.Findings)
	}
}

// in puts something between Entra and nod.
func in(t *testing.T, p Patient, change func(w http.ResponseWriter, r *http.Request, pass http.Handler)) Patient {
	t.Helper()
	to, err := url.Parse(p.Tenants.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { change(w, r, pass) }))
	t.Cleanup(proxy.Close)
	p.Tenants = &entra.Tenants{DB: p.Tenants.DB, Box: p.Tenants.Box, Epoch: p.Tenants.Epoch, PublicURL: proxy.URL}
	return p
}

func TestWhatAProxyBreaksIsFoundOut(t *testing.T) {
	p := clinic(t)
	for name, row := range map[string]struct {
		change func(w http.ResponseWriter, r *http.Request, pass http.Handler)
		failed string
	}{
		"without a Content-Length": {func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
			rec := httptest.NewRecorder()
			pass.ServeHTTP(rec, r)
			w.WriteHeader(rec.Code)
			_ = http.NewResponseController(w).Flush() // now the length is not known any more
			_, _ = io.Copy(w, rec.Body)
		}, "Content-Length"},
		"with another address": {func(w http.ResponseWriter, r *http.Request, pass http.Handler) { pass.ServeHTTP(w, r) }, "Content-Length"}, // the issuer is nod's
		"without a bare GET": {func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
			w.WriteHeader(http.StatusForbidden)
		}, "Content-Length"},
	} {
		if r := Examine(t.Context(), in(t, p, row.change), true); r.state(row.failed) != Failed {
			t.Errorf("%s: got %+v", name, r.Findings)
		}
	}
}
