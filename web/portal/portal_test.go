package portal

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/page"
)

func surface(t *testing.T) *Surface {
	t.Helper()
	site, err := page.New(page.Brand{Name: "Northwind"}, Static())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(site, Surface{Logins: &idp.Service{}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// evil stands where a person chooses the text.
const evil = `Alice's "Pixel" <script>alert(1)</script>`

func TestEveryPageIsDrawn(t *testing.T) {
	s := surface(t)
	now := clock(time.Unix(1_800_000_000, 0))
	code, err := page.DrawQRCode("https://login.example.com/app/enrol#nol_abc")
	if err != nil {
		t.Fatal(err)
	}
	enrolment := func(state string) Enrolment {
		return Enrolment{State: state, Code: code, Link: evil, Left: time.Minute, StreamURL: "/s", WithdrawURL: "/w", Token: "t", Device: evil, AgainURL: "/a", ListURL: "/l"}
	}
	pushing := Push{Badge: evil, Tone: "good", Meaning: evil, Delivered: now, Failed: now}
	drawn := map[string]bool{}
	for _, tc := range []struct {
		name  string
		view  any
		empty any
		has   []string
	}{
		{"devices", Devices{Devices: []DeviceRow{{ID: "dev_1", Name: evil, URL: "/d", Push: pushing, Means: evil, Added: now, Used: now, Key: "T6BG-W274"}}, WaitingURL: "/w",
			Reported: Reported{URL: "/r", Frozen: true, PasswordURL: "/p"}}, Devices{}, []string{"add-device", "waiting", "reports", "change-password"}},
		{"reports", Reports{Reports: []ReportRow{{ID: "rep_1", Browser: evil, System: evil, IP: evil, When: now, Until: now, LiftURL: "/l"}}, PasswordURL: "/p"},
			Reports{}, []string{"lift-rep_1", "change-password"}},
		{"device", Device{Name: evil, Push: pushing, Kind: evil, Key: "T6BG", BadName: true}, Device{Suspended: true}, []string{"rename", "push-set", "suspend", "remove"}},
		{"end", End{Name: evil, Remove: true, Last: true}, End{}, []string{"end-device", "elsewhere", "last-device"}},
		{"add", Add{BackURL: "/b"}, Add{}, []string{"add-start"}},
		{"enrolment", enrolment("link"), Enrolment{State: "link"}, []string{"qr-code", "link-url", "link-copy", "withdraw"}},
		{"enrolment", enrolment("claimed"), Enrolment{State: "claimed"}, []string{"withdraw"}},
		{"enrolment", enrolment("added"), Enrolment{State: "added"}, []string{"continue"}},
		{"enrolment", enrolment("refused"), Enrolment{}, []string{"again"}},
		{"enrolment", enrolment("expired"), Enrolment{State: "expired"}, []string{"again"}},
		{"devices", Devices{Passkeys: Passkeys{Passkeys: []Held{{ID: "pky_1", Name: evil, Kind: evil, Added: now, Used: now}}, AddURL: "/k"}}, Devices{}, []string{"pky_1", "add-passkey"}},
		{"passkey", Passkey{Name: evil, Kind: evil, Added: now, Used: now, BadName: true}, Passkey{}, []string{"rename", "remove", "name-error"}},
		{"endpasskey", Removal{Name: evil}, Removal{}, []string{"end-passkey", "elsewhere"}},
		{"addpasskey", AddPasskey{Options: evil, Usual: evil, BadName: true, Refused: true, BackURL: "/b"}, AddPasskey{}, []string{"passkey-name", "passkey-make", "passkey-error", "name-error"}},
		{"passkeyadded", Plain{}, Plain{}, []string{"continue"}},
		{"nothing", Nothing{AgainURL: "/a"}, Nothing{}, []string{"again"}},
		{"bare", Bare{AddURL: "/a", ConfirmURL: "/c"}, Bare{}, []string{"add-device", "confirm"}},
		{"confirmed", Plain{}, Plain{}, []string{"continue"}},
		{"refused", Plain{}, Plain{}, []string{"continue"}},
		{"changed", Plain{}, Plain{}, []string{"continue"}},
		{"activity", Activity{Events: []EventRow{{What: evil, Tone: "danger", Where: evil, When: now}}, OlderURL: "/o", NewURL: "/n"}, Activity{}, []string{"older", "newest"}},
		{"sessions", Sessions{
			Sessions:  []SessionRow{{ID: "ses_1", Browser: evil, Current: true, Since: now, Seen: now, Applications: 1}, {ID: "ses_2", Since: now, Applications: 2}},
			OthersURL: "/o", Connected: []ConnectedRow{{ID: "mail", Name: evil, Since: now, Used: now}, {ID: "wiki", Name: "Wiki", Since: now, Online: true}},
		}, Sessions{}, []string{"end-others", "end-ses_2", "disconnect-mail"}},
		{"addtoken", AddToken{BadName: true, Full: true, BackURL: "/b"}, AddToken{}, []string{"token-name", "token-start", "token-error", "name-error"}},
		{"newtoken", NewToken{Name: evil, Code: code, Secret: evil, Left: time.Minute, Wrong: true}, NewToken{}, []string{"qr-code", "token-secret", "secret-copy", "passcode", "token-prove"}},
		{"tokenadded", Plain{}, Plain{}, []string{"continue"}},
		{"token", Token{Name: evil, Kind: evil, Digits: 6, Added: now, Used: now, BadName: true}, Token{}, []string{"rename", "remove", "name-error"}},
		{"endtoken", Removal{Name: evil}, Removal{}, []string{"end-token", "elsewhere"}},
		{"recovery", Recovery{Made: now, Left: 7}, Recovery{}, []string{"recovery-left", "recovery-make"}},
		{"codes", RecoveryCodes{Account: evil, Codes: []string{"ABCDE-FGHJK", evil}}, RecoveryCodes{}, []string{"recovery-codes", "codes-print", "codes-copy", "codes-save", "continue"}},
		{"devices", Devices{Codes: Codes{Tokens: []Held{{ID: "tok_1", Name: evil, Kind: evil, Added: now, Used: now}}, Left: 1, Made: true, Recovered: true}},
			Devices{Codes: Codes{Made: true}}, []string{"tok_1", "recovered", "add-token", "recovery-codes"}},
		{"password", Password{Username: evil, Least: 15, Refused: evil}, Password{}, []string{"new-password", "elsewhere", "password-change", "password-show"}},
	} {
		drawn[tc.name] = true
		for _, view := range []any{tc.view, tc.empty} {
			w := httptest.NewRecorder()
			if err := s.set.Render(w, 200, tc.name, view); err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			html := w.Body.String()
			if strings.Contains(html, "<script>") {
				t.Errorf("%s: a name was not escaped", tc.name)
			}
			if strings.Count(html, "<main ") != 1 || !strings.Contains(html, "data-state=") || strings.Count(html, "<h1 ") != 1 {
				t.Errorf("%s: want one main with its state and one heading", tc.name)
			}
		}
		w := httptest.NewRecorder()
		_ = s.set.Render(w, 200, tc.name, tc.view)
		for _, id := range tc.has {
			if strings.Count(w.Body.String(), ` id="`+id+`"`) != 1 {
				t.Errorf("%s: want one %s", tc.name, id)
			}
		}
	}
	for _, name := range s.set.Names() {
		if !drawn[name] {
			t.Errorf("%s is not drawn by this test", name)
		}
	}
}

func TestTheTruthAboutPush(t *testing.T) {
	s := surface(t)
	on := devices.Device{State: devices.Active, PushOn: true}
	off, suspended, wrong, forbidden := on, on, on, on
	off.PushOn, suspended.State = false, devices.Suspended
	forbidden.PushOn, forbidden.PushForbidden = false, true
	wrong.State, wrong.Reason = devices.Suspended, "pin"
	blocked := func(b protocol.Blocked) push.Channel { return push.Channel{Blocked: string(b)} }
	fine := push.Channel{Subscribed: true}
	for name, tc := range map[string]struct {
		device  devices.Device
		channel push.Channel
		want    string
	}{
		"on":                                     {on, fine, "Push on"},
		"off by the person":                      {off, fine, "Push off"},
		"forbidden by the administrator":         {forbidden, fine, "Passcodes only"},
		"forbidden in the settings":              {on, blocked(protocol.BlockedDenied), "Push blocked"},
		"not asked yet":                          {on, blocked(protocol.BlockedDefault), "Push not set up"},
		"no push service":                        {on, blocked(protocol.BlockedUnreachable), "No push"},
		"a browser without":                      {on, blocked(protocol.BlockedUnsupported), "No push"},
		"never subscribed":                       {on, push.Channel{}, "No push"},
		"the last wake-up failed":                {on, push.Channel{Subscribed: true, Failure: push.Unreachable}, "Push failing"},
		"the push service says it is over":       {on, push.Channel{Gone: true, Failure: push.Gone}, "Push ended"},
		"suspended goes before everything":       {suspended, fine, "Suspended"},
		"off goes before what the phone forbids": {off, blocked(protocol.BlockedDenied), "Push off"},
	} {
		if got := s.pushWords(tc.device, tc.channel); got.Badge != tc.want || got.Meaning == "" || got.Tone == "" {
			t.Errorf("%s: got %+v, want %q", name, got, tc.want)
		}
	}
	if a, b := s.pushWords(suspended, fine), s.pushWords(wrong, fine); a.Meaning == b.Meaning {
		t.Error("a device that wrong PINs suspended is explained like any other")
	}
}

func TestEveryEventHasWords(t *testing.T) {
	s := surface(t)
	other := s.site.Text("account.event.other")
	for _, kind := range idp.EventKinds {
		what, tone := s.inWords(idp.Event{Kind: kind, Client: "Mail", Device: "Pixel"})
		if what == "" || what == other || strings.Contains(what, "%!") || tone == "" {
			t.Errorf("%s: got %q in tone %q", kind, what, tone)
		}
	}
}

func TestALoginLeadsBackToItsPage(t *testing.T) {
	for page, want := range map[idp.AccountPage]string{
		{}:                                       "/account/devices",
		{Name: idp.AccountDevices}:               "/account/devices",
		{Name: idp.AccountDevice}:                "/account/devices",
		{Name: idp.AccountDevice, Item: "dev_1"}: "/account/devices/dev_1",
		{Name: idp.AccountEnrolment, Item: "enr_1"}: "/account/devices/add/enr_1",
		{Name: idp.AccountAdd}:                      "/account/devices/add",
		{Name: idp.AccountAddToken}:                 "/account/tokens/add",
		{Name: idp.AccountToken, Item: "tok_1"}:     "/account/tokens/tok_1",
		{Name: idp.AccountNewToken, Item: "tok_1"}:  "/account/tokens/add/tok_1",
		{Name: idp.AccountRecovery}:                 "/account/recovery",
		{Name: idp.AccountConfirm}:                  "/account/confirm",
		{Name: idp.AccountActivity}:                 "/account/activity",
		{Name: idp.AccountSessions}:                 "/account/sessions",
		{Name: idp.AccountPassword}:                 "/account/password",
		{Name: idp.AccountAddPasskey}:               "/account/passkeys/add",
		{Name: idp.AccountPasskey, Item: "pky_1"}:   "/account/passkeys/pky_1",
		{Name: idp.AccountPasskey}:                  "/account/devices",
		{Name: idp.AccountReports}:                  "/account/reports",
	} {
		if got := Address(page); got != want {
			t.Errorf("%+v: got %s, want %s", page, got, want)
		}
	}
}
