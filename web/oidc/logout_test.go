package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/session"
)

// over reports whether Alice's session has ended.
func (w *world) over() bool {
	w.t.Helper()
	_, err := w.surface.Sessions.Find(w.t.Context(), w.cookie)
	if err != nil && !errors.Is(err, session.ErrNone) {
		w.t.Fatal(err)
	}
	return err != nil
}

func TestAnApplicationSignsThePersonOut(t *testing.T) {
	for method, send := range map[string]func(w *world, q url.Values) answered{
		"GET":  func(w *world, q url.Values) answered { return w.get("/logout", q) },
		"POST": func(w *world, q url.Values) answered { return w.post("/logout", q) },
	} {
		t.Run(method, func(t *testing.T) {
			w := on(t)
			online, offline := w.signedIn("scope", "openid"), w.signedIn()
			w.giveCookie("nod-session", w.cookie)
			w.pass(2 * 60 * 1e9)
			got := send(w, url.Values{"id_token_hint": {online["id_token"].(string)}, "post_logout_redirect_uri": {afterward}, "state": {"a b"}})
			if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != afterward+"?state=a+b" {
				t.Fatalf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
			}
			if !w.over() {
				t.Error("the session goes on")
			}
			if set := got.Cookies(); len(set) != 1 || set[0].MaxAge >= 0 {
				t.Errorf("the cookie was left: %v", set)
			}
			refused(t, w.bearer("/oauth/userinfo", online["access_token"].(string)), http.StatusUnauthorized, "invalid_token")
			if got := w.bearer("/oauth/userinfo", offline["access_token"].(string)); got.StatusCode != http.StatusOK {
				t.Errorf("what was granted offline ended too: %d", got.StatusCode)
			}
		})
	}
}

var formToken = regexp.MustCompile(`name="form_token" value="([0-9a-f]+)"`)

func TestAnybodyElseOnlyAsks(t *testing.T) {
	for name, query := range map[string]func(w *world) url.Values{
		"no hint": func(*world) url.Values { return url.Values{} },
		"the client alone": func(*world) url.Values {
			return url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {afterward}, "state": {"s"}}
		},
		"a hint that is forged": func(*world) url.Values { return url.Values{"id_token_hint": {"e30.e30.e30"}} },
		"a hint from another session": func(w *world) url.Values {
			raw := w.signedIn()["id_token"].(string)
			w.signIn()
			return url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward}, "state": {"s"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := on(t)
			q := query(w)
			w.giveCookie("nod-session", w.cookie)
			got := w.get("/logout", q)
			if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `id="logout-confirm"`) || !strings.Contains(got.body, "Alice Ärmel") || w.over() {
				t.Fatalf("got %d, over %v", got.StatusCode, w.over())
			}
			action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(got.body)[1]
			token := formToken.FindStringSubmatch(got.body)[1]
			got = w.post(strings.ReplaceAll(action, "&amp;", "&"), url.Values{"form_token": {token}, "logout-confirm": {"1"}})
			if got.StatusCode != http.StatusSeeOther || !w.over() {
				t.Fatalf("got %d, over %v", got.StatusCode, w.over())
			}
			got = w.get(got.Header.Get("Location"), nil)
			if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `data-state="done"`) {
				t.Errorf("got %d", got.StatusCode)
			}
			if back := strings.Contains(got.body, `content="0;url=`+afterward+`?state=s"`); back != q.Has("post_logout_redirect_uri") {
				t.Errorf("leads back: %v", back)
			}
		})
	}
}

func TestTheQuestionIsAnsweredByItsOwnFormAlone(t *testing.T) {
	w := on(t)
	w.giveCookie("nod-session", w.cookie)
	token := formToken.FindStringSubmatch(w.get("/logout", nil).body)[1]
	if got := w.post("/logout/confirm", url.Values{"form_token": {token}}, header("Sec-Fetch-Site", "cross-site")); got.StatusCode != http.StatusForbidden || w.over() {
		t.Errorf("from another site: got %d, over %v", got.StatusCode, w.over())
	}
	if got := w.post("/logout/confirm", url.Values{"form_token": {strings.Repeat("0", 64)}}); got.Header.Get("Location") != "/logout" || w.over() {
		t.Errorf("with a wrong token: got %d to %s, over %v", got.StatusCode, got.Header.Get("Location"), w.over())
	}
	if got := w.get("/logout/confirm", nil); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("by GET: got %d", got.StatusCode)
	}
	w.signIn()
	w.giveCookie("nod-session", w.cookie)
	if w.post("/logout/confirm", url.Values{"form_token": {token}}); w.over() {
		t.Error("the token of the session before ended this one")
	}
}

func TestNobodyIsSentToAnAddressThatIsNotRegistered(t *testing.T) {
	w := on(t)
	raw := w.signedIn()["id_token"].(string)
	w.giveCookie("nod-session", w.cookie)
	for name, q := range map[string]url.Values{
		"another address":          {"id_token_hint": {raw}, "post_logout_redirect_uri": {"https://evil.example"}},
		"a redirect URI":           {"id_token_hint": {raw}, "post_logout_redirect_uri": {redirect}},
		"a longer address":         {"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward + "/"}},
		"an address of nobody":     {"post_logout_redirect_uri": {afterward}},
		"an unknown client":        {"client_id": {"nobody"}, "post_logout_redirect_uri": {afterward}},
		"another client's":         {"client_id": {"spa"}, "post_logout_redirect_uri": {afterward}},
		"a hint of another client": {"id_token_hint": {raw}, "client_id": {"spa"}},
		"an address sent twice":    {"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward, afterward}},
		"a state that is not text": {"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward}, "state": {"\x00"}},
		"a script":                 {"id_token_hint": {raw}, "post_logout_redirect_uri": {"javascript:alert(1)"}},
	} {
		for method, got := range map[string]answered{"GET": w.get("/logout", q), "POST": w.post("/logout", q)} {
			if got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" || w.over() {
				t.Errorf("%s %s: got %d to %q, over %v", method, name, got.StatusCode, got.Header.Get("Location"), w.over())
			}
		}
		for _, path := range []string{"/logout/done", "/logout/confirm"} {
			q.Del("id_token_hint")
			if q.Has("post_logout_redirect_uri") {
				if got := w.get(path, q); got.StatusCode == http.StatusOK || got.Header.Get("Location") != "" {
					t.Errorf("%s of %s: got %d", path, name, got.StatusCode)
				}
			}
		}
	}
}

func TestWhoIsNotSignedInIsDoneAtOnce(t *testing.T) {
	w := on(t)
	got := w.get("/logout", url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {afterward}})
	if got.Header.Get("Location") != afterward {
		t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	got = w.get(w.get("/logout", nil).Header.Get("Location"), nil)
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `data-state="done"`) {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

func TestASignOutFormFromAnotherSiteComesBackWithItsCookies(t *testing.T) {
	w := on(t)
	raw := w.signedIn()["id_token"].(string)
	got := w.post("/logout", url.Values{"id_token_hint": {raw}}, header("Origin", "https://app.example"), header("Sec-Fetch-Site", "cross-site"))
	to, _ := got.location(t)
	if got.StatusCode != http.StatusSeeOther || to != "/logout" || w.over() {
		t.Fatalf("got %d to %s", got.StatusCode, to)
	}
	w.giveCookie("nod-session", w.cookie)
	w.get(got.Header.Get("Location"), nil)
	if !w.over() {
		t.Error("the session goes on")
	}
}
