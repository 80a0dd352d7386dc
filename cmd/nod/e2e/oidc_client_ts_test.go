package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// singlePage is an application that runs in the browser, on oidc-client-ts. It has its
// settings from beside it and does nothing by itself.
const singlePage = `<!doctype html>
<title>A single page</title>
<script src="/oidc-client-ts.min.js"></script>
<script src="/app.js"></script>
<main>A single page</main>
`

const singlePageApp = `
oidc.Log.setLogger(console);
const manager = new oidc.UserManager({ ...%s, userStore: new oidc.WebStorageStateStore({ store: localStorage }) });
const silent = { renewed: 0 };
manager.events.addUserLoaded(() => silent.renewed++);
`

// servePage registers the application and serves it. It returns its address.
func (w *world) servePage() string {
	w.t.Helper()
	needClients(w.t, "oidc-client-ts")
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	// Another name than nod's, so that nothing works by the same origin or the same cookies.
	origin := server.URL
	c, _, err := w.s.Clients.Add(w.t.Context(), client.New{
		ID: "page", Name: "A single page", AuthMethod: client.AuthNone, RedirectURIs: []string{origin + "/back"},
		PostLogoutRedirectURIs: []string{origin + "/bye"}, Origins: []string{origin}, FirstParty: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	settings, err := json.Marshal(map[string]any{
		"authority": w.issuer, "client_id": c.ID, "redirect_uri": c.RedirectURIs[0], "post_logout_redirect_uri": c.PostLogoutRedirectURIs[0],
		"scope": "openid profile email offline_access", "loadUserInfo": true, "automaticSilentRenew": false, "silentRequestTimeoutInSeconds": 5,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	mux.HandleFunc("GET /oidc-client-ts.min.js", func(rw http.ResponseWriter, r *http.Request) {
		http.ServeFile(rw, r, filepath.Join(clientsFolder, "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"))
	})
	mux.HandleFunc("GET /app.js", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(rw, singlePageApp, settings)
	})
	mux.HandleFunc("GET /", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprint(rw, singlePage)
	})
	return origin
}

// held is what the application knows of the person.
type held struct {
	Access  string         `json:"access_token"`
	Refresh string         `json:"refresh_token"`
	ID      string         `json:"id_token"`
	Profile map[string]any `json:"profile"`
}

func TestASinglePageSignsInAndRenewsSilently(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	origin := w.servePage()
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	user := func(expression string) (u held) {
		t.Helper()
		d.tab.Eval(expression, &u)
		w.hide(u.Access, u.Refresh, u.ID)
		return u
	}

	d.tab.Open(origin + "/")
	d.tab.Eval("void manager.signinRedirect()", nil)
	d.signIn(phone, "")
	d.tab.Until(`location.pathname === "/back" && manager`)
	first := user("manager.signinRedirectCallback()")
	if first.Profile["sub"] != w.user.ID || first.Profile["email"] != username+"@example.com" || first.Access == "" || first.Refresh == "" {
		t.Fatalf("got %+v", first)
	}

	// Where no other site may show a page of nod's, renewing goes by the refresh token.
	second := user("manager.signinSilent()")
	if second.Access == first.Access || second.Access == "" || second.Refresh == first.Refresh || second.Profile["sub"] != w.user.ID {
		t.Errorf("renewed, got %+v after %+v", second, first)
	}
	var renewed int
	if d.tab.Eval("silent.renewed", &renewed); renewed != 2 {
		t.Errorf("the application was told %d times, want 2", renewed)
	}
	var frames int
	if d.tab.Eval(`document.querySelectorAll("iframe").length`, &frames); frames != 0 {
		t.Errorf("renewing made %d frames", frames)
	}

	d.tab.Eval("void manager.signoutRedirect({ state: {} })", nil)
	d.tab.Until(`location.pathname === "/bye" && manager`)
	if address := d.tab.Address(); !strings.HasPrefix(address, origin+"/bye?state=") {
		t.Errorf("got to %s", address)
	}
	d.tab.Eval("manager.signoutRedirectCallback().then(() => null)", nil)
	if open := w.openSessions(w.user.ID); len(open) != 0 {
		t.Errorf("the sessions %v are left", open)
	}
}
