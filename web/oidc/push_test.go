package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// pushed sends a request beforehand and returns the reference.
func (w *world) pushed(changes ...string) string {
	w.t.Helper()
	got := w.post("/oauth/par", ask(changes...), w.asApp)
	answer := got.json(w.t)
	reference, _ := answer["request_uri"].(string)
	if got.StatusCode != http.StatusCreated || !strings.HasPrefix(reference, "urn:ietf:params:oauth:request_uri:") || answer["expires_in"] != 60.0 ||
		got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Content-Type") != "application/json" {
		w.t.Fatalf("got %d %s with %v", got.StatusCode, got.body, got.Header)
	}
	return reference
}

func brought(reference string) url.Values {
	return url.Values{"client_id": {"app"}, "request_uri": {reference}}
}

func TestAPushedRequestGoesBeforeTheAddress(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	q := brought(w.pushed("login_hint", "alice"))
	for name, value := range map[string]string{
		"state": "outside", "redirect_uri": "https://evil.example", "login_hint": "mallory", "prompt": "login", "response_type": "token", "scope": "phone",
	} {
		q.Set(name, value)
	}
	if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
		t.Fatalf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	r := w.logins.request
	if r.State != "s+ t&1" || r.LoginHint != "alice" || r.RedirectURI != redirect || len(r.Prompt) != 0 || r.Asks("phone") || r.ClientID != "app" {
		t.Errorf("got %+v", r)
	}
}

// TestAReferenceIsGoodOnce is requirement 14. A browser that loads the address again comes
// back to its login; nobody else gets anything.
func TestAReferenceIsGoodOnce(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	q := brought(w.pushed())
	wrong := brought(q.Get("request_uri"))
	wrong.Set("client_id", "poster")
	if got := w.get("/authorize", wrong); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("another client: got %d", got.StatusCode)
	}
	for range 2 {
		if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
			t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
		}
	}
	if w.logins.begun != 1 {
		t.Errorf("%d logins were begun, want 1", w.logins.begun)
	}
	own := w.browser
	w.browser = w.newBrowser()
	if got := w.get("/authorize", q); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("another browser: got %d", got.StatusCode)
	}
	w.browser = own
	w.logins.asks = false
	q = brought(w.pushed())
	if _, answer := w.get("/authorize", q).location(t); !answer.Has("code") {
		t.Errorf("got %v", answer)
	}
	if got := w.get("/authorize", q); got.StatusCode != http.StatusBadRequest {
		t.Errorf("after an answer: got %d", got.StatusCode)
	}
	q = brought(w.pushed())
	w.pass(time.Minute)
	if got := w.get("/authorize", q); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
		t.Errorf("after a minute: got %d", got.StatusCode)
	}
	q.Add("request_uri", q.Get("request_uri"))
	if got := w.get("/authorize", q); got.StatusCode != http.StatusBadRequest {
		t.Errorf("twice in one address: got %d", got.StatusCode)
	}
}

func TestOfManyTabsOneBeginsThePushedRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		address := w.url + "/authorize?" + brought(w.pushed()).Encode()
		var wg sync.WaitGroup
		var answered, refused atomic.Int32
		for range 16 {
			browser := w.newBrowser()
			wg.Go(func() {
				resp, err := browser.Get(address)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				switch {
				case resp.StatusCode == http.StatusSeeOther && strings.Contains(resp.Header.Get("Location"), "code="):
					answered.Add(1)
				case resp.StatusCode == http.StatusBadRequest:
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if answered.Load() != 1 || refused.Load() != 15 {
			t.Errorf("%d were answered and %d refused", answered.Load(), refused.Load())
		}
	})
}

func TestAFormFromAnotherSiteUsesAReferenceOnlyWithItsCookies(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	q := brought(w.pushed())
	got := w.post("/authorize", q, header("Origin", "https://app.example"), header("Sec-Fetch-Site", "cross-site"))
	if to, back := got.location(t); to != "/authorize" || back.Get("request_uri") != q.Get("request_uri") || w.logins.begun != 0 {
		t.Fatalf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
		t.Errorf("got %d", got.StatusCode)
	}
}

// TestWhatIsPushedIsJudgedAtOnce is requirement 1 for pushed requests: every fault is told
// to the client that pushed, and a bad redirect URI never gets a reference.
func TestWhatIsPushedIsJudgedAtOnce(t *testing.T) {
	w := on(t)
	for name, fault := range faults {
		if fault.code == "login_required" {
			continue // nobody is there yet
		}
		want := fault.code
		if fault.change[0] == "request_uri" || strings.Contains(fault.change[1], "\x00") || !utf8.ValidString(fault.change[1]) {
			want = "invalid_request"
		}
		if got := w.post("/oauth/par", ask(fault.change...), w.asApp); got.StatusCode != http.StatusBadRequest || got.json(t)["error"] != want {
			t.Errorf("%s: got %d %s, want %s", name, got.StatusCode, got.body, want)
		}
		if got := w.post("/oauth/par", ask(append(fault.change, "redirect_uri", "https://evil.example/cb")...), w.asApp); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
			t.Errorf("%s and a foreign redirect URI: got %d", name, got.StatusCode)
		}
	}
	for name, test := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		status int
	}{
		"no redirect URI":     {ask("redirect_uri", "-"), w.asApp, http.StatusBadRequest},
		"a longer one":        {ask("redirect_uri", redirect+"/x"), w.asApp, http.StatusBadRequest},
		"a reference":         {ask("request_uri", w.pushed()), w.asApp, http.StatusBadRequest},
		"nobody":              {ask(), func(*http.Request) {}, http.StatusUnauthorized},
		"a wrong secret":      {ask(), func(r *http.Request) { r.SetBasicAuth("app", "nodcs_x") }, http.StatusUnauthorized},
		"another's client_id": {ask("client_id", "poster"), w.asApp, http.StatusBadRequest},
	} {
		if got := w.post("/oauth/par", test.form, test.change); got.StatusCode != test.status {
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := w.get("/oauth/par", ask()); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("by GET: got %d", got.StatusCode)
	}
}

// TestClaimsMayBeWrittenInLines holds both ways in to the same: JSON has lines, and nothing
// else has.
func TestClaimsMayBeWrittenInLines(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	written := "{\r\n\t\"userinfo\": {\n\t\t\"nickname\": null\n\t}\n}"
	if got := w.get("/authorize", ask("claims", written)); got.Header.Get("Location") != "/login/log_1" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	pushed := w.post("/oauth/par", ask("claims", written), w.asApp)
	if pushed.StatusCode != http.StatusCreated {
		t.Fatalf("pushed: got %d %s", pushed.StatusCode, pushed.body)
	}
	w.logins.request = idp.AuthRequest{}
	w.get("/authorize", brought(text(pushed.json(t)["request_uri"])))
	if !slices.Contains(w.logins.request.Claims.UserInfo, "nickname") {
		t.Errorf("got %+v", w.logins.request.Claims)
	}
	for name, value := range map[string]string{"claims": "{}\x00", "login_hint": "a\nb", "state": "a\nb", "nonce": "a\tb"} {
		if _, q := w.get("/authorize", ask(name, value)).location(t); q.Get("error") != "invalid_request" {
			t.Errorf("%s: got %v", name, q)
		}
		refused(t, w.post("/oauth/par", ask(name, value), w.asApp), http.StatusBadRequest, "invalid_request")
	}
}

func TestAClientHeldToPushingCannotGoAround(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	q := brought(w.pushed())
	_, err := w.clients.Set(t.Context(), "app", func(c *client.Client) error {
		c.PushedRequests = true
		return nil
	})
	must(t, err)
	if to, q := w.get("/authorize", ask()).location(t); to != redirect || q.Get("error") != "invalid_request" || w.logins.begun != 0 {
		t.Errorf("got %s with %v", to, q)
	}
	if got := w.get("/authorize", ask("redirect_uri", "https://evil.example")); got.Header.Get("Location") != "" {
		t.Errorf("and a foreign redirect URI: got %s", got.Header.Get("Location"))
	}
	if got := w.get("/authorize", q); got.Header.Get("Location") != "/login/log_1" {
		t.Errorf("pushed: got %d", got.StatusCode)
	}
}

func TestSecretsAreNotKeptWithWhatWasPushed(t *testing.T) {
	w := on(t)
	form := ask("client_id", "poster")
	form.Set("client_secret", w.posted)
	if got := w.post("/oauth/par", form); got.StatusCode != http.StatusCreated {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	var kept string
	must(t, w.db.Get(t.Context(), &kept, "SELECT parameters FROM pushed_requests"))
	if strings.Contains(kept, w.posted) || strings.Contains(kept, "secret") {
		t.Errorf("kept %s", kept)
	}
}

func TestARequestObjectCanBePushed(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.addSigned(nil)
	got := w.post("/oauth/par", url.Values{"client_id": {"signed"}, "client_secret": {w.posted}, "request": {object(t, "PS256", "", w.claimSet(nil))}})
	if got.StatusCode != http.StatusCreated {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	reference, _ := got.json(t)["request_uri"].(string)
	if got := w.get("/authorize", url.Values{"client_id": {"signed"}, "request_uri": {reference}}); got.Header.Get("Location") != "/login/log_1" || w.logins.request.State != "inside" {
		t.Errorf("got %d to %s", got.StatusCode, got.Header.Get("Location"))
	}
	if got := w.post("/oauth/par", url.Values{"client_id": {"signed"}, "client_secret": {w.posted}, "request": {"x"}}); got.json(t)["error"] != "invalid_request_object" {
		t.Errorf("got %s", got.body)
	}
}

// TestAProofAtThePushBindsTheCode is RFC 9449, section 10.1.
func TestAProofAtThePushBindsTheCode(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	s := w.newSigner()
	with := func(form url.Values) answered {
		return w.post("/oauth/par", form, w.asApp, header("DPoP", s.proof("POST", "/oauth/par", "", nil)))
	}
	got := with(ask())
	if got.StatusCode != http.StatusCreated {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	w.get("/authorize", brought(got.json(t)["request_uri"].(string)))
	if w.logins.request.DPoPThumbprint != s.thumbprint() {
		t.Errorf("got %q", w.logins.request.DPoPThumbprint)
	}
	refused(t, with(ask("dpop_jkt", challenge)), http.StatusBadRequest, "invalid_request")
	if got := with(ask("dpop_jkt", s.thumbprint())); got.StatusCode != http.StatusCreated {
		t.Errorf("the same key by both ways: got %d %s", got.StatusCode, got.body)
	}
	refused(t, w.post("/oauth/par", ask(), w.asApp, header("DPoP", s.proof("POST", "/oauth/token", "", nil))), http.StatusBadRequest, "invalid_dpop_proof")
}
