package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/password"
)

// send makes one request of a browser with its cookies and follows nothing.
func (v *visit) send(method, path string, form url.Values, header http.Header) *http.Response {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := v.b.Client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// Requirement 35: no unsafe request of another site is taken, but for those that only
// store and answer 303.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		path := v.page.URL.Path
		before := w.audited("challenge.created", "ok")
		for name, forged := range map[string]http.Header{
			"Sec-Fetch-Site":       {"Sec-Fetch-Site": {"cross-site"}},
			"a sibling host":       {"Sec-Fetch-Site": {"same-site"}},
			"a foreign Origin":     {"Origin": {"https://evil.example"}},
			"an opaque Origin":     {"Origin": {"null"}},
			"our host, other port": {"Origin": {"http://localhost:1"}},
		} {
			for _, route := range []string{
				path + "/password", path + "/mobile", path + "/send-again", path + "/typed", path + "/choose", path + "/passcode", path + "/cancel",
				"/account/confirm/enr_x/confirm", "/account/confirm/enr_x/refuse", "/logout/confirm",
				"/account/devices/dev_x/rename", "/account/devices/dev_x/push", "/account/devices/dev_x/suspend", "/account/devices/dev_x/resume",
				"/account/devices/dev_x/remove", "/account/devices/add", "/account/devices/add/enr_x/withdraw", "/account/devices/add/enr_x/confirm",
				"/account/devices/add/enr_x/refuse", "/account/sessions/others/end", "/account/sessions/ses_x/end", "/account/sessions/disconnect",
				"/account/password", "/help/password", "/reset", "/reset/password", "/link", "/link/pai_x/allow", "/link/pai_x/deny",
			} {
				if res := v.send(http.MethodPost, route, url.Values{"form_token": {v.page.Value("form_token")}}, forged); res.StatusCode != http.StatusForbidden {
					t.Errorf("%s to %s: got %d, want 403", name, route, res.StatusCode)
				}
			}
			if res := v.send(http.MethodPost, "/authorize", url.Values{"client_id": {"nobody"}}, forged); res.StatusCode != http.StatusBadRequest {
				t.Errorf("%s to /authorize: got %d, want its own answer", name, res.StatusCode)
			}
		}
		if got := w.audited("challenge.created", "ok"); got != before {
			t.Errorf("got %d more challenges", got-before)
		}
		v.reload("method")
	})
}

// Requirements 37 to 39, over the pages.
func TestEveryPageCarriesItsHeaders(t *testing.T) {
	w := start(t, "")
	v := w.visit(w.browser(), w.app)
	for _, path := range []string{v.page.URL.Path, "/authorize", "/logout", "/account/", "/app/enrol", "/nowhere", "/account/device-confirmed", "/help", "/reset", "/reset/password", "/link", "/link/allowed"} {
		res := v.send(http.MethodGet, path, nil, nil)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if path == "/app/enrol" && name == "Cache-Control" {
				want = "no-cache" // it says nothing about anybody, and opens without network
			}
			if got := res.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
		csp := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %s", path, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: got %s", path, csp)
		}
	}
}

// Requirement 16: after credentials were posted the answer is 303.
func TestEveryPostIsAnsweredWith303(t *testing.T) {
	w := start(t, "")
	w.phone(w.user, "phone", "")
	v := w.visit(w.browser(), w.app).password()
	for _, action := range []string{"password", "mobile", "send-again", "typed", "choose", "passcode", "cancel"} {
		res := v.send(http.MethodPost, v.page.URL.Path+"/"+action, url.Values{"form_token": {"stale"}}, nil)
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != v.page.URL.Path {
			t.Errorf("%s: got %d to %q", action, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

func TestAFullHashingQueueAnswers503AndCountsForNothing(t *testing.T) {
	w := startWith(t, server.Options{Hasher: &password.Hasher{Concurrency: 1, Queue: -1}})
	w.app = w.application(client.New{ID: "simple", SecondFactor: client.FactorOff})
	var visits []*visit
	for range 20 {
		visits = append(visits, w.visit(w.browser(), w.app))
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	shed := 0
	for _, v := range visits {
		wg.Go(func() {
			page, err := v.b.Press(t.Context(), v.page, "login-submit", map[string]string{"username": username, "password": passphrase})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case page.Status == http.StatusServiceUnavailable:
				shed++
				if page.Header.Get("Retry-After") == "" {
					t.Error("503 without Retry-After")
				}
			case page.State != "done":
				t.Errorf("got state %q", page.State)
			}
		})
	}
	wg.Wait()
	if shed == 0 {
		t.Error("twenty at once with room for one: nothing was shed")
	}
	var left int
	if err := w.s.DB.Get(t.Context(), &left, "SELECT count(*) FROM attempts"); err != nil || left != 0 {
		t.Errorf("got %d reservations left, %v", left, err)
	}
	v := w.visit(w.browser(), w.app)
	v.press("login-submit", "done", "username", username, "password", passphrase)
}

func TestOpenStreamsAreToldToComeBackWhenTheServerStops(t *testing.T) {
	w := start(t, "")
	w.phone(w.user, "phone", "")
	v := w.visit(w.browser(), w.app).password()
	v.ask()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.page.URL.String()+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.b.Client.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("stream: got %v, %v", res, err)
	}
	defer res.Body.Close()
	time.AfterFunc(200*time.Millisecond, w.stop)
	body := readAll(res)
	for _, want := range []string{`"state":"pending"`, "event: reconnect"} {
		if !strings.Contains(body, want) {
			t.Errorf("the stream lacks %s:\n%s", want, body)
		}
	}
	if number := v.page.Text("match-number"); strings.Contains(body, `"`+number+`"`) {
		t.Error("the stream carries the match number")
	}
}

func TestTheDeviceAPITakesNoCookiesAndNoForms(t *testing.T) {
	w := start(t, "")
	for contentType, want := range map[string]int{"application/x-www-form-urlencoded": 415, "text/plain": 415, "": 415, "application/jose": 401} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.issuer+"/device/v1/requests", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: got %d, want %d", contentType, res.StatusCode, want)
		}
	}
}
