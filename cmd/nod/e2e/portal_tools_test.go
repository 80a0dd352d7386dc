package e2e

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/simulator"
)

// linkFor is a link as a person makes it at the portal.
func linkFor(userID string) devices.LinkRequest {
	return devices.LinkRequest{UserID: userID, Confirm: true, MadeBy: "user:" + userID}
}

// enteredAs is somebody else at their own pages.
func (w *world) enteredAs(name string, p *simulator.Phone) *visit {
	w.t.Helper()
	v := w.at(w.browser(), "/account/devices")
	v.press("login-submit", "method", "username", name, "password", passphrase)
	v.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.follow()
	v.want("devices")
	return v
}

func (w *world) openSessions(userID string) (ids []string) {
	w.t.Helper()
	all, err := w.s.Sessions.List(w.t.Context(), userID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

func (w *world) onlySession(userID string) string {
	w.t.Helper()
	ids := w.openSessions(userID)
	if len(ids) != 1 {
		w.t.Fatalf("got sessions %v, want one", ids)
	}
	return ids[0]
}

// post sends a form that no page drew, and returns the status of the answer.
func (v *visit) post(path string, fields map[string]string) int {
	v.t.Helper()
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return v.send(http.MethodPost, path, values, nil).StatusCode
}

// openLink goes where the link with this id leads.
func (v *visit) openLink(id, state string) {
	v.t.Helper()
	m := regexp.MustCompile(`<a [^>]*id="` + id + `" href="([^"]*)"`).FindStringSubmatch(v.page.Body)
	if m == nil {
		v.t.Fatalf("no link %s\n%s", id, v.page.Body)
	}
	v.open(m[1], state)
}

// told checks what a phone has to tell its person.
func (w *world) told(p *simulator.Phone, want ...string) {
	w.t.Helper()
	notices, err := w.s.Devices.Notices(w.t.Context(), p.ID())
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, n := range notices {
		got = append(got, n.Kind+" "+n.About)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the phone tells %q, want %q", got, want)
	}
}
