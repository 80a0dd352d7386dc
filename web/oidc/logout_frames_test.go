package oidc_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
)

// framed registers two applications with a page for signing out, and has Alice use the
// one, the client app, and poster, which has none. It returns an ID token of app.
func (w *world) framed() (idToken string) {
	w.t.Helper()
	_, err := w.clients.Set(w.t.Context(), "app", func(c *client.Client) error {
		c.FrontchannelLogoutURI = "https://app.example:8443/out?x=1"
		return nil
	})
	must(w.t, err)
	_, _, err = w.clients.Add(w.t.Context(), client.New{ID: "unused", RedirectURIs: []string{redirect}, FrontchannelLogoutURI: "https://unused.example/out"})
	must(w.t, err)
	idToken = w.signedIn("scope", "openid")["id_token"].(string)
	must(w.t, w.db.Write(w.t.Context(), func(tx *db.Tx) error { return w.surface.Sessions.JoinTx(tx, w.session.SID, "poster") }))
	w.giveCookie("nod-session", w.cookie)
	return idToken
}

var frameSource = regexp.MustCompile(`<iframe hidden src="([^"]+)"`)

// frames are where the frames of a page lead.
func frames(t *testing.T, body string) (all []*url.URL) {
	t.Helper()
	for _, found := range frameSource.FindAllStringSubmatch(body, -1) {
		u, err := url.Parse(strings.ReplaceAll(found[1], "&amp;", "&"))
		must(t, err)
		all = append(all, u)
	}
	return all
}

func TestApplicationsWithAPageForItSignThePersonOutInFrames(t *testing.T) {
	w := on(t)
	raw := w.framed()
	got := w.get("/logout", url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward}, "state": {"s"}})
	to, _ := got.location(t)
	if got.StatusCode != http.StatusSeeOther || to != "/logout/done" || !w.over() {
		t.Fatalf("got %d to %s, over %v", got.StatusCode, to, w.over())
	}
	got = w.get(got.Header.Get("Location"), nil)
	all := frames(t, got.body)
	if len(all) != 1 || all[0].Host != "app.example:8443" || all[0].Path != "/out" {
		t.Fatalf("got the frames %v", all)
	}
	if q := all[0].Query(); q.Get("x") != "1" || q.Get("iss") != w.url || q.Get("sid") != w.session.SID || len(q) != 3 {
		t.Errorf("got the parameters %v", q)
	}
	policy := got.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "; frame-src https://app.example:8443") || strings.Count(policy, "example") != 1 {
		t.Errorf("got the policy %q", policy)
	}
	if !strings.Contains(got.body, `content="3;url=`+afterward+`?state=s"`) {
		t.Error("it does not go on to the application by itself")
	}
}

func TestTheQuestionLeadsToTheFramesToo(t *testing.T) {
	w := on(t)
	w.framed()
	page := w.get("/logout", nil)
	token := formToken.FindStringSubmatch(page.body)[1]
	got := w.post("/logout/confirm", url.Values{"form_token": {token}})
	got = w.get(got.Header.Get("Location"), nil)
	if len(frames(t, got.body)) != 1 || strings.Contains(got.body, "refresh") || strings.Contains(got.body, `id="continue"`) {
		t.Errorf("got %s", got.body)
	}
	if strings.Contains(got.body, "<script") {
		t.Error("a script that has nowhere to go on to")
	}
}

func TestNobodyLearnsFromASIDWhichApplicationsThereWere(t *testing.T) {
	w := on(t)
	raw := w.framed()
	w.get("/logout", url.Values{"id_token_hint": {raw}})
	for _, ended := range []string{w.session.SID, w.session.SID + ".", w.session.SID + "." + strings.Repeat("0", 64), "."} {
		if got := w.get("/logout/done", url.Values{"ended": {ended}}); got.StatusCode != http.StatusOK || strings.Contains(got.body, "iframe") {
			t.Errorf("%s: got %d %s", ended, got.StatusCode, got.body)
		}
	}
}

func TestTheFramesAreForgottenAfterAWhile(t *testing.T) {
	w := on(t)
	raw := w.framed()
	to := w.get("/logout", url.Values{"id_token_hint": {raw}}).Header.Get("Location")
	w.pass(10 * time.Minute)
	if got := w.get(to, nil); got.StatusCode != http.StatusOK || strings.Contains(got.body, "iframe") {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

func TestWithoutApplicationsToLoadThePersonIsBackAtOnce(t *testing.T) {
	w := on(t)
	raw := w.framed()
	_, err := w.clients.Set(t.Context(), "app", func(c *client.Client) error { c.FrontchannelLogoutURI = ""; return nil })
	must(t, err)
	for range 100 { // the change is seen within the second
		if c, _ := w.clients.Get(t.Context(), "app"); c.FrontchannelLogoutURI == "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	got := w.get("/logout", url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {afterward}})
	if got.Header.Get("Location") != afterward {
		t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
}
