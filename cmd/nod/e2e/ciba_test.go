package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
)

// till is a client that asks people by itself.
type till struct {
	*world
	id, secret string
}

func (w *world) till(n client.New) *till {
	w.t.Helper()
	n.Grants, n.IDTokenAlg = []client.Grant{client.CIBA, client.RefreshToken}, client.ES256
	c, secret, err := w.s.Clients.Add(w.t.Context(), n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.hide(secret)
	return &till{w, c.ID, secret}
}

func (a *till) basic(r *http.Request) { r.SetBasicAuth(a.id, a.secret) }

// asks begins an inquiry and returns its auth_req_id.
func (a *till) asks(who, message, token string) string {
	a.t.Helper()
	form := url.Values{"scope": {"openid email offline_access"}, "login_hint": {who}, "binding_message": {message}}
	if token != "" {
		form.Set("client_notification_token", token)
		a.hide(token)
	}
	id := a.call("/oauth/bc-authorize", form, http.StatusOK, a.basic)["auth_req_id"].(string)
	a.hide(id)
	return id
}

// polls is one poll with what it is answered, "" for tokens.
func (a *till) polls(id, want string) map[string]any {
	a.t.Helper()
	status := http.StatusOK
	if want != "" {
		status = http.StatusBadRequest
	}
	told := a.call("/oauth/token", url.Values{"grant_type": {string(client.CIBA)}, "auth_req_id": {id}}, status, a.basic)
	if want != "" && told["error"] != want {
		a.t.Fatalf("got %v, want %s", told, want)
	}
	return told
}

// asked waits until a phone has a request and returns its id.
func (w *world) asked(p *simulator.Phone) string {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		open, err := p.Requests(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if len(open) == 1 {
			return open[0].ID
		}
	}
	w.t.Fatal("the phone was not asked")
	return ""
}

func TestATillAsksThePersonsPhone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Alice's phone", "4711")
		a := w.till(client.New{ID: "till", Name: "Contoso Shop", CIBA: client.CIBAPoll})
		id := a.asks("alice@example.com", "Till 3 · 42.10 €", "")
		a.polls(id, "authorization_pending")
		asked := w.asked(p)
		shown, err := p.Open(t.Context(), asked)
		if err != nil || shown.Context.Message != "Till 3 · 42.10 €" || shown.Context.ClientName != "Contoso Shop" || shown.MatchDigits != 0 {
			t.Fatalf("the phone shows %+v, %v", shown, err)
		}
		if _, err := p.Approve(t.Context(), asked, "", "4711"); err != nil {
			t.Fatal(err)
		}
		held := a.polls(id, "")
		w.hide(held["access_token"].(string))
		told, err := w.app.provider.Verifier(&oidc.Config{ClientID: "till", SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), held["id_token"].(string))
		if err != nil || told.Subject != w.user.ID {
			t.Fatalf("got %+v, %v", told, err)
		}
		var claims map[string]any
		if err := told.Claims(&claims); err != nil || claims["acr"] != nil || claims["sid"] != nil || !slices.Equal(list(claims["amr"]), []string{"otp", "pin", "swk"}) {
			t.Errorf("got %v, %v", claims, err)
		}
		if held["refresh_token"] != nil || held["scope"] != "openid email" {
			t.Errorf("got %v", held)
		}
		a.polls(id, "invalid_grant")
		a.polls(a.asks("nobody", "", ""), "authorization_pending")
	})
}

func TestATillIsCalledBack(t *testing.T) {
	const token = "c2VjcmV0LXRva2VuLW9mLXRoZS10aWxs"
	called := make(chan string, 3)
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		called <- r.Header.Get("Authorization") + " " + string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer there.Close()
	w := startWith(t, server.Options{OutboundAllow: []string{"127.0.0.1"}})
	p := w.phone(w.user, "Alice's phone", "4711")
	a := w.till(client.New{ID: "till", Name: "Contoso Shop", CIBA: client.CIBAPing, CIBANotificationURI: there.URL + "/ping", FirstParty: true})
	id := a.asks(username, "Order 7", token)
	if _, err := p.Approve(t.Context(), w.asked(p), "", "4711"); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-called:
		if got != "Bearer "+token+` {"auth_req_id":"`+id+`"}` {
			t.Errorf("called with %s", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the till was not called")
	}
	held := a.polls(id, "")
	if held["refresh_token"] == nil || !strings.Contains(held["scope"].(string), "offline_access") {
		t.Errorf("a client of the house does not stay connected: %v", held)
	}
	w.hide(held["access_token"].(string), held["refresh_token"].(string))

	id = a.asks(username, "Order 8", token)
	if err := p.Deny(t.Context(), w.asked(p)); err != nil {
		t.Fatal(err)
	}
	a.polls(id, "access_denied")
}
