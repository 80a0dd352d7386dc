package login

import (
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/web/page"
)

var frame = page.Frame{App: page.App{Name: `Contoso <b onclick="x">Mail</b>`}}

// evil stands where a person or an application chooses the text.
const evil = `Alice's "Pixel" <script>alert(1)</script>`

func question() Question {
	return Question{Frame: frame, Token: "tok-1", CancelURL: "/login/l1/cancel"}
}

// story is one page in the state that its name tells.
type story struct {
	name  string
	view  View
	state string
	has   []string // ids that must be there, with equal names where they are inputs or buttons
	lacks []string
}

func stories() []story {
	q := question()
	return []story{
		{"sign in", SignIn{Question: q, Action: "/login/l1/password", PasskeyOffer: PasskeyOffer{PasskeyURL: "/k"}, HelpURL: "/h"}, "login",
			[]string{"username", "password", "login-submit", "cancel"}, []string{"login-error"}},
		{"sign in after a mistake", SignIn{Question: q, Action: "/a", Username: evil, Mismatched: true}, "login",
			[]string{"username", "password", "login-submit", "login-error"}, nil},
		{"sign in, the password was replaced", SignIn{Question: q, Action: "/a", Replaced: true}, "login",
			[]string{"username", "password", "login-submit", "login-error"}, []string{"use-passkey"}},
		{"sign in while throttled", SignIn{Question: q, Action: "/a", Wait: 90 * time.Second}, "login",
			[]string{"username", "password", "login-submit", "login-error"}, nil},
		{"sign in, empty", SignIn{}, "login", []string{"username", "password", "login-submit"}, []string{"cancel"}},
		{"choose", ChooseMethod{Question: q, Name: evil, MobileURL: "/m", Devices: []Device{{"dev_1", evil}, {"dev_2", "Tablet"}}, WaiveURL: "/w", Waive: 30 * 24 * time.Hour, PasscodeURL: "/p"}, "method",
			[]string{"use-mobile", "use-passcode", "cancel"}, nil},
		{"choose, with recovery codes", ChooseMethod{Question: q, MobileURL: "/m", RecoveryURL: "/r"}, "method", []string{"use-mobile", "use-recovery"}, nil},
		{"choose, passcode first", ChooseMethod{Question: q, MobileURL: "/m", PasscodeURL: "/p", Last: "passcode"}, "method",
			[]string{"use-passcode", "use-mobile"}, nil},
		{"no device yet", ChooseMethod{Question: q, Name: "Alice"}, "method", []string{"cancel"}, []string{"use-mobile", "use-passcode"}},
		{"no device yet, may enrol", ChooseMethod{Question: q, EnrolURL: "/enrol"}, "method", []string{"cancel"}, nil},
		{"no device, turned away", ChooseMethod{Question: q, Refused: true}, "method", []string{"cancel"}, []string{"use-mobile"}},
		{"no device that will do", ChooseMethod{Question: q, Unable: true}, "method", []string{"cancel"}, []string{"use-mobile"}},
		{"choose, a passkey alone", ChooseMethod{Question: q, PasskeyOffer: PasskeyOffer{PasskeyURL: "/k"}}, "method", []string{"use-passkey", "cancel"}, []string{"passkey-error"}},
		{"choose, after a passkey that did not hold", ChooseMethod{Question: q, PasskeyOffer: PasskeyOffer{PasskeyURL: "/k", PasskeyRefused: true}, MobileURL: "/m"}, "method",
			[]string{"use-passkey", "use-mobile", "passkey-error"}, nil},
		{"sign in after a passkey that did not hold", SignIn{Question: q, Action: "/a", PasskeyOffer: PasskeyOffer{PasskeyURL: "/k", PasskeyRefused: true}}, "login",
			[]string{"use-passkey", "passkey-error", "login-submit"}, nil},
		{"sign in, passkeys throttled", SignIn{Question: q, Action: "/a", PasskeyOffer: PasskeyOffer{PasskeyURL: "/k", PasskeyRefused: true, PasskeyWait: time.Minute}}, "login",
			[]string{"use-passkey", "passkey-error"}, nil},
		{"sign in, passkeys closed", SignIn{Question: q, Action: "/a", PasskeyOffer: PasskeyOffer{PasskeyURL: "/k", PasskeyClosed: true}}, "login",
			[]string{"use-passkey", "passkey-error"}, nil},
		{"paused, with a passkey", Paused{Question: q, PasskeyOffer: PasskeyOffer{PasskeyURL: "/k"}, MobileURL: "/m"}, "paused", []string{"use-mobile", "use-passkey"}, nil},
		{"denied, with a passkey", Ended{Question: q, Outcome: OutcomeDenied, PasskeyOffer: PasskeyOffer{PasskeyURL: "/k"}, AgainURL: "/m"}, "denied", []string{"send-again", "use-passkey"}, nil},
		{"choose, empty", ChooseMethod{}, "method", nil, []string{"cancel"}},
		{"type a passcode", TypePasscode{Question: q, Action: "/p", Wrong: true, TriesLeft: 2, OtherURL: "/o"}, "method",
			[]string{"passcode", "passcode-submit", "passcode-error", "cancel"}, nil},
		{"type a passcode while throttled", TypePasscode{Question: q, Action: "/p", Wait: time.Minute}, "method",
			[]string{"passcode", "passcode-submit", "passcode-error"}, nil},
		{"type a passcode, empty", TypePasscode{}, "method", []string{"passcode", "passcode-submit"}, nil},
		{"type a passcode of eight digits", TypePasscode{Question: q, Action: "/p", Long: true, Wrong: true}, "method",
			[]string{"passcode", "passcode-submit", "passcode-error"}, nil},
		{"type a recovery code", TypeRecovery{Question: q, Action: "/r", Wrong: true, OtherURL: "/o"}, "method",
			[]string{"recovery-code", "recovery-submit", "recovery-error", "use-other", "cancel"}, nil},
		{"type a recovery code while throttled", TypeRecovery{Question: q, Action: "/r", Wait: time.Minute}, "method",
			[]string{"recovery-code", "recovery-submit", "recovery-error"}, nil},
		{"type a recovery code, closed", TypeRecovery{Question: q, Action: "/r", Closed: true}, "method", []string{"recovery-error"}, nil},
		{"type a recovery code, empty", TypeRecovery{}, "method", []string{"recovery-code", "recovery-submit"}, []string{"cancel"}},
		{"waiting", Waiting{Question: q, Device: evil, MatchNumber: "47", Progress: ProgressOpened, Left: 102 * time.Second,
			StreamURL: "/login/l1/stream", PasscodeAction: "/p", AgainURL: "/m", AgainIn: 9 * time.Second, TypeURL: "/login/l1?type=1"},
			"pending", []string{"match-number", "passcode", "passcode-submit", "send-again", "cancel"}, nil},
		{"waiting, wrong passcode, not delivered", Waiting{Question: q, MatchNumber: "07", Trouble: TroubleFailed, Wrong: true, TriesLeft: 1, Typing: true},
			"pending", []string{"match-number", "passcode", "passcode-error"}, []string{"send-again"}},
		{"waiting, push off", Waiting{Question: q, Trouble: TroubleOff}, "pending", []string{"passcode"}, []string{"match-number"}},
		{"waiting, asked on this very phone", Waiting{Question: q, MatchNumber: "47", HereURL: "/app/#request=chl_1&login=log_1", Asked: "dev_1 dev_2"},
			"pending", []string{"match-number"}, nil},
		{"waiting, empty", Waiting{}, "pending", []string{"passcode", "passcode-submit"}, []string{"cancel"}},
		{"approved", Approved{Question: q, Device: evil, Passcode: "492817", Action: "/p", Left: time.Minute}, "approved",
			[]string{"passcode", "passcode-submit", "cancel"}, nil},
		{"approved, wrong passcode", Approved{Question: q, Passcode: "492817", Action: "/p", Wrong: true, TriesLeft: 2}, "approved",
			[]string{"passcode", "passcode-submit", "passcode-error"}, nil},
		{"approved, empty", Approved{}, "approved", []string{"passcode", "passcode-submit"}, nil},
		{"denied", ended(OutcomeDenied), "denied", []string{"send-again", "use-passcode", "cancel"}, nil},
		{"reported", Ended{Question: q, Outcome: OutcomeReported}, "reported", []string{"cancel"}, []string{"send-again", "use-passcode"}},
		{"expired", ended(OutcomeExpired), "expired", []string{"send-again", "use-passcode", "cancel"}, nil},
		{"superseded", ended(OutcomeSuperseded), "superseded", []string{"send-again", "cancel"}, nil},
		{"failed", ended(OutcomeFailed), "failed", []string{"send-again", "use-passcode", "cancel"}, nil},
		{"ended, empty", Ended{}, "expired", nil, []string{"send-again", "cancel"}},
		{"paused", Paused{Question: q, Wait: 9 * time.Minute, MobileURL: "/m", PasscodeURL: "/p"}, "paused",
			[]string{"use-mobile", "use-passcode", "cancel"}, nil},
		{"paused until a passcode", Paused{Question: q, MobileURL: "/m"}, "paused", []string{"use-mobile"}, []string{"use-passcode"}},
		{"paused, with recovery codes", Paused{Question: q, MobileURL: "/m", RecoveryURL: "/r"}, "paused", []string{"use-mobile", "use-recovery"}, nil},
		{"expired, with recovery codes", Ended{Question: q, Outcome: OutcomeExpired, AgainURL: "/a", RecoveryURL: "/r"}, "expired", []string{"use-recovery"}, nil},
		{"paused, empty", Paused{}, "paused", nil, nil},
		{"consent", Consent{Question: q, Account: evil, Scopes: []string{"openid", "email", evil}, AllowURL: "/a", DenyURL: "/d"}, "consent",
			[]string{"consent-allow", "consent-deny"}, nil},
		{"consent, details", Consent{Question: q, Account: "Alice Example", Scopes: []string{"openid", "offline_access"},
			Claims: []string{"birthdate", "email", "given_name", "name"}, AllowURL: "/a", DenyURL: "/d"}, "consent", []string{"consent-allow", "consent-deny"}, nil},
		{"account", ChooseAccount{Question: q, Account: evil, GoOnURL: "/a", OtherURL: "/o"}, "account", []string{"account-continue", "account-other", "cancel"}, nil},
		{"consent, empty", Consent{}, "consent", []string{"consent-allow", "consent-deny"}, nil},
		{"done", Done{Frame: frame, Device: evil, URL: "https://app.example/cb?code=c&state=%22s"}, "done", []string{"continue"}, nil},
		{"done by form", DoneForm{Frame: frame, Device: evil, Action: "https://app.example/cb",
			Fields: []Field{{"code", "c"}, {"state", evil}}}, "done", []string{"continue"}, nil},
		{"over", Over{Frame: frame, Reason: ReasonExpired, StartURL: "/start"}, "error", nil, nil},
		{"over, elsewhere", Over{Frame: frame, Reason: ReasonElsewhere}, "error", nil, nil},
		{"over, finished", Over{Reason: ReasonFinished}, "error", nil, nil},
		{"over, cancelled", Over{Frame: frame, Reason: ReasonCancelled}, "error", nil, nil},
		{"over, empty", Over{}, "error", nil, nil},
	}
}

func ended(outcome Outcome) Ended {
	return Ended{Question: question(), Outcome: outcome, Device: evil, AgainURL: "/m", PasscodeURL: "/p"}
}

func newViews(t *testing.T) *Views {
	t.Helper()
	site, err := page.New(page.Brand{Name: "Northwind"}, Static())
	if err != nil {
		t.Fatal(err)
	}
	views, err := NewViews(site)
	if err != nil {
		t.Fatal(err)
	}
	return views
}

func draw(t *testing.T, views *Views, view View) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := views.Show(w, view); err != nil {
		t.Fatalf("Show: %v", err)
	}
	body, _ := io.ReadAll(w.Result().Body)
	return string(body)
}

var (
	states   = regexp.MustCompile(`<main data-state="([^"]*)"`)
	controls = regexp.MustCompile(`<(?:input|button)\b[^>]*>`)
	idOf     = regexp.MustCompile(` id="([^"]*)"`)
	nameOf   = regexp.MustCompile(` name="([^"]*)"`)
	forms    = regexp.MustCompile(`(?s)<form\b.*?</form>`)
	handlers = regexp.MustCompile(`(?i)<[^>]* on[a-z]+=`)
)

func TestEveryPageKeepsTheContract(t *testing.T) {
	views := newViews(t)
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			html := draw(t, views, s.view)
			found := states.FindAllStringSubmatch(html, -1)
			if len(found) != 1 || found[0][1] != s.state {
				t.Errorf("got states %v, want one: %s", found, s.state)
			}
			for _, id := range s.has {
				if strings.Count(html, ` id="`+id+`"`) != 1 {
					t.Errorf("want the id %s once in:\n%s", id, html)
				}
			}
			for _, id := range s.lacks {
				if strings.Contains(html, ` id="`+id+`"`) {
					t.Errorf("do not want the id %s", id)
				}
			}
			for _, control := range controls.FindAllString(html, -1) {
				id, name := idOf.FindStringSubmatch(control), nameOf.FindStringSubmatch(control)
				if id != nil && name != nil && id[1] != name[1] {
					t.Errorf("id and name differ: %s", control)
				}
			}
			if strings.Contains(html, "formaction") || strings.Contains(html, "%!") || strings.Contains(html, "ZgotmplZ") {
				t.Errorf("a formaction, a broken text or a refused value in:\n%s", html)
			}
		})
	}
}

func TestEveryFormIsAPostWithTheToken(t *testing.T) {
	views := newViews(t)
	for _, s := range stories() {
		if _, leaves := s.view.(DoneForm); leaves {
			continue // it goes to the application, which must not learn our token
		}
		html := draw(t, views, s.view)
		for _, form := range forms.FindAllString(html, -1) {
			if !strings.Contains(form, ` method="post"`) || strings.Count(form, `name="form_token"`) != 1 || !strings.Contains(form, "<button") {
				t.Errorf("%s: want a POST with one token and a button, got %s", s.name, form)
			}
		}
	}
}

func TestNothingAPersonWroteBecomesMarkup(t *testing.T) {
	views := newViews(t)
	for _, s := range stories() {
		html := draw(t, views, s.view)
		if strings.Contains(html, "<script>") || strings.Contains(html, `<b onclick`) || handlers.MatchString(html) || strings.Contains(html, " style=") {
			t.Errorf("%s: foreign or inline markup in:\n%s", s.name, html)
		}
	}
}

func TestAWaitingPageRefreshesWithoutScriptUnlessSomebodyTypes(t *testing.T) {
	views := newViews(t)
	const refresh = `<noscript><meta http-equiv="refresh" content="2"></noscript>`
	if html := draw(t, views, Waiting{}); !strings.Contains(html, refresh) {
		t.Error("got no refresh, want one")
	}
	if html := draw(t, views, Waiting{Typing: true}); strings.Contains(html, refresh) {
		t.Error("got a refresh that would throw away what is typed")
	}
}

func TestTheMatchNumberHoldsDigitsOnly(t *testing.T) {
	html := draw(t, newViews(t), Waiting{MatchNumber: "07"})
	if !strings.Contains(html, `id="match-number">07<`) {
		t.Errorf("want the bare digits in:\n%s", html)
	}
}

func TestTheDotsGoOnlyAsFarAsKnown(t *testing.T) {
	for progress, want := range map[Progress]int{ProgressQueued: 0, ProgressSent: 1, ProgressDelivered: 2, ProgressOpened: 3} {
		done := 0
		for _, step := range (Waiting{Progress: progress}).Steps() {
			if step.Done {
				done++
			}
		}
		if done != want {
			t.Errorf("progress %q: got %d dots, want %d", progress, done, want)
		}
	}
}

func TestTheScriptMaySubmitOnceButNotAfterAMistake(t *testing.T) {
	views := newViews(t)
	if html := draw(t, views, Approved{Passcode: "492817"}); !strings.Contains(html, "data-submits-itself") || !strings.Contains(html, `value="492817"`) {
		t.Error("want a form that is complete and submits itself")
	}
	for _, view := range []Approved{{Passcode: "492817", Wrong: true}, {}} {
		if html := draw(t, views, view); strings.Contains(html, "data-submits-itself") {
			t.Errorf("%+v: do not want it to submit itself", view)
		}
	}
}

func TestTheLastUsedMethodStandsFirst(t *testing.T) {
	html := draw(t, newViews(t), ChooseMethod{MobileURL: "/m", PasscodeURL: "/p", Last: "passcode"})
	if strings.Index(html, `id="use-passcode"`) > strings.Index(html, `id="use-mobile"`) {
		t.Error("want the passcode first")
	}
}

func TestDoneForwardsOnlyToWhereAnApplicationCanBe(t *testing.T) {
	views := newViews(t)
	for _, good := range []string{"https://app.example/cb?code=a&state=b", "com.example.app:/cb?code=a", "http://127.0.0.1:9/cb"} {
		html := draw(t, views, Done{URL: good})
		if !strings.Contains(html, `content="0;url=`+strings.ReplaceAll(good, "&", "&amp;")+`"`) {
			t.Errorf("%s: want it in the refresh, got:\n%s", good, html)
		}
	}
	for _, bad := range []string{"", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "/relative", "//evil.example"} {
		if err := views.Show(httptest.NewRecorder(), Done{URL: bad}); err == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
}

func TestTheFormThatLeavesNamesItsOnePlace(t *testing.T) {
	views := newViews(t)
	w := httptest.NewRecorder()
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; base-uri 'none'")
	if err := views.Show(w, DoneForm{Action: "https://app.example:8443/cb"}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Header().Get("Content-Security-Policy"), "default-src 'none'; base-uri 'none'; form-action https://app.example:8443"; got != want {
		t.Errorf("got policy %q, want %q", got, want)
	}
	if err := views.Show(httptest.NewRecorder(), DoneForm{Action: "javascript:alert(1)"}); err == nil {
		t.Error("got no error for a script as target, want one")
	}
}

func TestConsentSpeaksInWords(t *testing.T) {
	html := draw(t, newViews(t), Consent{Scopes: []string{"openid", "email", "offline_access", "payroll"}})
	for _, want := range []string{"See your email address", "Stay connected while you are away", "Use “payroll”"} {
		if !strings.Contains(html, want) {
			t.Errorf("want %q in:\n%s", want, html)
		}
	}
	if strings.Contains(html, "openid") {
		t.Error("openid needs no line beside others")
	}
	html = draw(t, newViews(t), Consent{Scopes: []string{"openid"}, Claims: []string{"address", "birthdate", "given_name", "name"}})
	for _, want := range []string{"See your postal address", "See these details: date of birth, name<"} {
		if !strings.Contains(html, want) {
			t.Errorf("want %q in:\n%s", want, html)
		}
	}
}

func TestEveryTemplateHasAStory(t *testing.T) {
	views := newViews(t)
	told := []string{}
	for _, s := range stories() {
		name, _ := s.view.view()
		told = append(told, name)
	}
	for _, name := range views.set.Names() {
		if !slices.Contains(told, name) {
			t.Errorf("no story draws %s", name)
		}
	}
}
