package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// beside starts a server that may call this machine, as applications of these tests want.
func beside(t *testing.T) *world {
	t.Helper()
	return startWith(t, server.Options{OutboundAllow: []string{"localhost"}})
}

// inside reports whether a browser is let in by the web server. Otherwise it is sent to
// sign in.
func (w *world) inside(b *formbrowser.Browser, a *apache) bool {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), a.url+"/")
	if err != nil {
		w.t.Fatal(err)
	}
	switch page.State {
	case "inside":
		if who := page.Header.Get("X-Who"); !strings.HasPrefix(who, w.user.ID) {
			w.t.Errorf("apache2 takes the person for %q", who)
		}
		return true
	case "login":
		return false
	}
	w.t.Fatalf("at %s: got state %q\n%s", page.URL, page.State, page.Body)
	return false
}

// wanderer is a browser that goes everywhere on this machine.
func (w *world) wanderer() *formbrowser.Browser {
	b := w.browser()
	b.Leaves = nil
	return b
}

func TestModAuthOpenIDCSignsInByCode(t *testing.T) {
	w := beside(t)
	phone := w.phone(w.user, "phone", "")
	a := w.serveApache(client.New{ID: "apache", Name: "Apache", BackchannelLogoutURI: "?logout=backchannel"}, "OIDCResponseType code")
	b := w.wanderer()
	if end := w.signInAt(b, a.url+"/", phone); end.State != "inside" {
		t.Fatalf("got to %s\n%s", end.URL, end.Body)
	}
	if !w.inside(b, a) {
		t.Error("the second page asks to sign in again")
	}
	// It signs the person out here as well, and has them back.
	page, err := b.Get(t.Context(), a.callback+"?"+url.Values{"logout": {a.url + "/bye"}}.Encode())
	if err != nil || page.State != "bye" {
		t.Fatalf("signing out: got to %v, %v", page, err)
	}
	if w.inside(b, a) || len(w.openSessions(w.user.ID)) != 0 {
		t.Error("the person is still signed in")
	}
}

// It gets nothing but an ID token, in a form.
func TestModAuthOpenIDCHearsOfALogoutByTheBackChannel(t *testing.T) {
	w := beside(t)
	phone := w.phone(w.user, "phone", "")
	a := w.serveApache(client.New{
		ID: "apache", Name: "Apache", BackchannelLogoutURI: "?logout=backchannel", ResponseTypes: []client.ResponseType{client.IDToken},
		Grants: []client.Grant{client.Implicit},
	}, "OIDCResponseType id_token", "OIDCResponseMode form_post")
	b := w.wanderer()
	w.signInAt(b, a.url+"/", phone)
	if !w.inside(b, a) {
		t.Fatal("an ID token does not let the person in")
	}
	w.command("user", "sessions", username, "--end-all", "--yes")
	for began := time.Now(); w.inside(b, a); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("apache2 still lets the person in")
		}
	}
}

func TestModAuthOpenIDCHearsOfALogoutByTheFrontChannel(t *testing.T) {
	w := beside(t)
	phone := w.phone(w.user, "phone", "")
	a := w.serveApache(client.New{ID: "apache", Name: "Apache", FrontchannelLogoutURI: "?logout=get"}, "OIDCResponseType code")
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	d.tab.Open(a.url + "/")
	d.signIn(phone, "")
	d.tab.Until(`document.querySelector("main[data-state=inside]")`)
	d.tab.Open(w.issuer + "/logout?" + url.Values{"client_id": {"apache"}, "post_logout_redirect_uri": {a.url + "/bye"}, "state": {"s"}}.Encode())
	d.press("logout-confirm")
	d.tab.Until(`document.querySelector("main[data-state=bye]") && location.search === "?state=s"`)
	d.tab.Open(a.url + "/")
	d.tab.Until(`document.getElementById("login-submit")`)

	// Without anywhere to go on to, the page stays.
	w.skip(11 * time.Second)
	d.signIn(phone, "")
	d.tab.Until(`document.querySelector("main[data-state=inside]")`)
	d.tab.Open(w.issuer + "/logout")
	d.press("logout-confirm")
	d.look("done")
	d.tab.Until(`document.querySelector("iframe") && !document.getElementById("continue")`)
	d.tab.Open(a.url + "/")
	d.tab.Until(`document.getElementById("login-submit")`)
}
