package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/formbrowser"
	"github.com/nod-idp/nod/mfa"
)

const (
	tenantID = "9122040d-6c67-4c5b-b112-36a304b66dad"
	appID    = "600b719b-3766-4dc5-95a6-3c4a8dc31885"
	reply    = "http://127.0.0.1:9"
)

var alicesAccount = fake.Account{OID: "951ddb04-b16d-45f3-bbf7-b0fa18fa7aee", Subject: "mBfcvuhSHkDWVgV72x2ruIYdSsPSvcj2R0qfc6mGEAA", Name: "alice@contoso.example"}

// microsoft is an Entra whose external method is nod.
type microsoft struct {
	*world
	*fake.Entra
	tenant       entra.Tenant
	registration fake.Registration
	metadata     fake.Metadata
}

// microsoft starts an Entra with one tenant, in which alice is linked.
func (w *world) microsoft(change func(*entra.Tenant)) *microsoft {
	w.t.Helper()
	m := &microsoft{world: w}
	var err error
	if m.Entra, err = fake.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = m.Close() })
	m.Entra.Now = w.s.Options.Now
	wanted := entra.Tenant{Name: "contoso", TenantID: tenantID, AppID: appID, ClientID: "nod", Authority: m.URL, Reply: reply}
	if change != nil {
		change(&wanted)
	}
	if m.tenant, err = w.s.Entra.Add(w.t.Context(), wanted); err != nil {
		w.t.Fatal(err)
	}
	if err := w.s.Entra.Link(w.t.Context(), m.tenant, alicesAccount.OID, w.user.ID, "cli:test"); err != nil {
		w.t.Fatal(err)
	}
	m.registration = fake.Registration{Tenant: m.tenant.TenantID, ClientID: m.tenant.ClientID, ReplyURL: m.tenant.ReplyURL()}
	var faults []string
	if m.metadata, faults = fake.Discover(http.DefaultClient, m.tenant.DiscoveryURL(w.issuer)); len(faults) > 0 {
		w.t.Fatalf("Entra does not like: %v", faults)
	}
	return m
}

// request is what Entra sends for alice; both changes may be nil.
func (m *microsoft) request(hint func(fake.Claims), change func(url.Values)) url.Values {
	m.t.Helper()
	h, err := m.Hint(m.registration, alicesAccount, hint)
	if err != nil {
		m.t.Fatal(err)
	}
	m.hide(h)
	values := m.registration.Request(h)
	if change != nil {
		change(values)
	}
	return values
}

// sent is a browser that Entra sent here.
func (m *microsoft) sent(b *formbrowser.Browser, request url.Values) *visit {
	m.t.Helper()
	page, err := b.FromSite(m.t.Context(), "https://login.microsoftonline.com", m.metadata.Authorization, request)
	if err != nil {
		m.t.Fatal(err)
	}
	return &visit{world: m.world, b: b, page: page}
}

// answered presses the button of the last page and returns what Entra gets.
func (v *visit) answered(m *microsoft) url.Values {
	v.t.Helper()
	v.want("done")
	end, err := v.b.Press(v.t.Context(), v.page, "continue", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if end.URL.String() != m.tenant.ReplyURL() {
		v.t.Fatalf("the answer goes to %s", end.URL)
	}
	values, err := url.ParseQuery(end.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return values
}

// satisfied wants an answer that Entra takes, and returns its amr.
func (v *visit) satisfied(m *microsoft, request url.Values) string {
	v.t.Helper()
	answer := v.answered(m)
	if faults := m.Judge(m.metadata, request, answer, alicesAccount); len(faults) > 0 {
		v.t.Fatalf("Entra does not like: %v", faults)
	}
	v.hide(answer.Get("id_token"))
	return claimsOf(v.t, answer.Get("id_token"))["amr"].([]any)[0].(string)
}

func TestEntraAsksAndThePhoneAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Alice’s Pixel", "4711")
		m := w.microsoft(nil)
		request := m.request(nil, nil)
		v := m.sent(w.browser(), request)
		v.want("method")
		if v.page.Has("password") || v.page.Has("use-recovery") || v.page.Has("waive") {
			t.Error("the page offers what is no evidence here")
		}
		if !strings.Contains(v.page.Body, "It waits for") || !strings.Contains(v.page.Body, "Microsoft 365") {
			t.Errorf("the page does not tell the time left:\n%s", v.page.Body)
		}
		number := v.ask()
		open, err := p.Requests(t.Context())
		if err != nil || len(open) != 1 || open[0].Context.ClientName != "Microsoft 365" {
			t.Fatalf("got %+v, %v", open, err)
		}
		w.approve(p, number, "4711")
		v.reload("approved")
		v.press("passcode-submit", "done")
		csp := v.page.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "form-action https://login.microsoftonline.com https://login.microsoftonline.us https://login.partner.microsoftonline.cn "+reply) {
			t.Errorf("got the policy %s", csp)
		}
		if amr := v.satisfied(m, request); amr != "swk" {
			t.Errorf("got amr %s, want swk", amr)
		}
		if n := w.count("SELECT count(*) FROM sessions") + w.count("SELECT count(*) FROM browsers") + w.count("SELECT count(*) FROM codes"); n != 0 {
			t.Errorf("got %d sessions, known browsers and codes, want none", n)
		}
		again := w.visit(v.b, w.app) // whoever Entra vouches for is not signed in here
		again.want("login")
	})
}

func TestAnAnswerIsTheSameForAMinuteAndForItsBrowserOnly(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	request := m.request(nil, nil)
	v := m.sent(w.browser(), request)
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	first := v.answered(m)
	v.reload("done")
	if second := v.answered(m); second.Get("id_token") != first.Get("id_token") {
		t.Error("the second look makes another token")
	}
	other, err := w.browser().Get(t.Context(), v.page.URL.String())
	if err != nil || other.Status != http.StatusNotFound {
		t.Errorf("another browser gets %d, %v", other.Status, err)
	}
	w.skip(time.Minute)
	v.reload("error")
}

func TestEntraTakesOtherFactorsForWhatTheyAre(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	for _, row := range []struct {
		name, asks string
		typed      bool
		amr        string
		offered    []string
		kept       []string
	}{
		{name: "a typed passcode is otp", typed: true, amr: "otp"},
		{name: "an approval where only otp is asked", asks: "otp", amr: "otp", kept: []string{"use-mobile", "use-passcode"}},
		{name: "an approval where only pop is asked", asks: "pop", amr: "pop", offered: []string{"use-passcode"}, kept: []string{"use-mobile"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			request := m.request(nil, func(v url.Values) {
				if row.asks != "" {
					v.Set("claims", fake.Wanted(fake.ACR[:1], []string{"face", row.asks}))
				}
			})
			v := m.sent(w.browser(), request)
			v.want("method")
			for _, id := range row.offered {
				if v.page.Has(id) {
					t.Errorf("%s is offered and would lead to nothing", id)
				}
			}
			for _, id := range row.kept {
				if !v.page.Has(id) {
					t.Errorf("%s is not offered", id)
				}
			}
			if row.typed {
				v.press("use-passcode", "method")
				code, err := p.TypedPasscode()
				if err != nil {
					t.Fatal(err)
				}
				v.press("passcode-submit", "done", "passcode", code)
			} else {
				w.approve(p, v.ask(), "")
				v.reload("approved")
				v.press("passcode-submit", "done")
			}
			if got := v.satisfied(m, request); got != row.amr {
				t.Errorf("got amr %s, want %s", got, row.amr)
			}
		})
	}
}

func TestWhatEntraIsToldWhenNobodySignsIn(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	refusal := func(v *visit, code string) {
		t.Helper()
		answer := v.answered(m)
		if answer.Get("error") != code || answer.Has("id_token") || answer.Get("state") == "" {
			t.Errorf("got %v, want %s", answer, code)
		}
	}
	v := m.sent(w.browser(), m.request(nil, nil))
	v.press("cancel", "done")
	refusal(v, "access_denied")

	v = m.sent(w.browser(), m.request(nil, nil))
	v.ask()
	if err := p.Deny(t.Context(), w.only(p)); err != nil {
		t.Fatal(err)
	}
	v.reload("denied")
	v.press("cancel", "done")
	refusal(v, "access_denied")

	unmet := func(values url.Values) {
		values.Set("claims", fake.Wanted([]string{"knowledge", "inherence", "knowledgeorinherence"}, fake.AMR))
	}
	refusal(m.sent(w.browser(), m.request(nil, unmet)), "unmet_authentication_requirements")
	refusal(m.sent(w.browser(), m.request(func(c fake.Claims) { c["oid"] = "00000000-0000-0000-0000-000000000001" }, nil)), "access_denied")

	v = m.sent(w.browser(), m.request(nil, nil))
	w.skip(5*time.Minute + time.Second)
	v.reload("error") // Entra does not wait any longer
}

func TestAReportOfAnEntraSignInIsClearedByTheAdministrator(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Pixel", "")
		m := w.microsoft(nil)
		v := m.sent(w.browser(), m.request(nil, nil))
		v.ask()
		if err := p.Report(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		v.reload("reported")
		for _, id := range []string{"send-again", "use-passcode", "use-passkey"} {
			if v.page.Has(id) {
				t.Errorf("a reported sign-in offers %s", id)
			}
		}
		w.skip(25 * time.Hour) // longer than the network is closed
		later := m.sent(w.browser(), m.request(nil, nil))
		later.want("reported")
		w.unlock()
		m.sent(w.browser(), m.request(nil, nil)).want("method")
	})
}

func TestALoginFromEntraLeavesOneOfThisBrowserAlone(t *testing.T) {
	w := start(t, "")
	w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	b := w.browser()
	here := w.visit(b, w.app).password()
	there := m.sent(b, m.request(nil, nil))
	there.want("method")
	here.reload("method")
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	claims := map[string]any{}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func (w *world) unlock() {
	w.t.Helper()
	err := w.s.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		return errors.Join(mfa.UnlockTx(tx, w.user.ID), idp.UnlockReportsTx(tx, w.user.ID, w.s.Options.Now()))
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
