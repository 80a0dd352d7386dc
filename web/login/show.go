package login

import (
	"net/http"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/page"
)

// show draws the page of a login as it stands. It changes nothing, however often it
// is asked.
func (s *Surface) show(w http.ResponseWriter, r *http.Request) error {
	st, err := s.Logins.Standing(r.Context(), r.PathValue("login"), s.Jar.Browser(r))
	if err != nil {
		return s.problem(w, err)
	}
	if st.Login.Foreign() && (st.Page == idp.PageDone || st.Page == idp.PageIdentify) {
		http.Redirect(w, r, s.Elsewhere(st), http.StatusSeeOther)
		return nil
	}
	d := drawing{Standing: st, typing: r.URL.Query().Has("type"), now: time.Now(), path: Path(st.Login.Reference())}
	if st.Page == idp.PageDone && !st.Login.Request.StaysHere() {
		if d.response, err = s.Logins.Response(r.Context(), st.Login); err != nil {
			return err
		}
	}
	return s.Views.Show(w, s.view(d))
}

// view turns a standing into the struct of its page.
func (s *Surface) view(d drawing) View {
	switch d.Page {
	case idp.PageSignIn:
		return d.signIn()
	case idp.PageAccount:
		return d.account()
	case idp.PageConsent:
		return d.consent()
	case idp.PageMethod:
		return s.method(d)
	case idp.PageTyped:
		return d.typed()
	case idp.PageRecovery:
		return d.recovery()
	case idp.PagePending:
		return d.waiting()
	case idp.PageApproved:
		return d.approved()
	case idp.PageDenied, idp.PageReported, idp.PageExpired, idp.PageSuperseded, idp.PageFailed:
		return d.ended()
	case idp.PagePaused:
		return d.paused()
	case idp.PageDone:
		return s.done(d)
	case idp.PageFinished:
		return Over{Frame: d.frame(), Reason: ReasonFinished}
	}
	return Over{Frame: d.frame(), Reason: ReasonExpired}
}

// drawing is a standing on its way to a page.
type drawing struct {
	idp.Standing
	typing   bool
	now      time.Time
	path     string
	response idp.Response // for PageDone
}

func (d drawing) frame() page.Frame {
	app := page.App{Name: d.ClientName}
	if d.Login.Foreign() && d.Page != idp.PageOver {
		app.Left = d.left(d.Login.ExpiresAt)
	}
	return page.Frame{App: app}
}

func (d drawing) question() Question {
	return Question{Frame: d.frame(), Token: d.FormToken, CancelURL: d.path + "/cancel"}
}

func (d drawing) left(until time.Time) time.Duration { return max(0, until.Sub(d.now)) }

// typedURL leads to the typed passcode where a device can make one.
func (d drawing) typedURL() string {
	if !d.Ways.Typed {
		return ""
	}
	return d.path + "/typed"
}

func (d drawing) mobileURL() string {
	if len(d.Ways.Push) == 0 {
		return ""
	}
	return d.path + "/mobile"
}

func (d drawing) signIn() View {
	v := SignIn{Question: d.question(), PasskeyOffer: d.passkeyOffer(d.Passkey), Action: d.path + "/password", Username: d.Login.Request.LoginHint}
	v.HelpURL = helpURL(d.Login.Reference())
	n := d.Login.Notice
	if n.Username != "" {
		v.Username = n.Username
	}
	v.Mismatched = n.Kind == idp.Mismatch
	v.Closed = n.Kind == idp.Closed
	v.Replaced = n.Kind == idp.PasswordReplaced
	if n.Kind == idp.Mismatch || n.Kind == idp.Wait {
		v.Wait = d.left(n.Until)
	}
	return v
}

func (s *Surface) method(d drawing) View {
	v := ChooseMethod{
		Question: d.question(), PasskeyOffer: d.passkeyOffer(d.Ways.Passkey), Name: d.UserName,
		MobileURL: d.mobileURL(), PasscodeURL: d.typedURL(), RecoveryURL: d.recoveryURL(),
	}
	switch {
	case d.Bare && d.Login.Evidence.Introduced:
		v.EnrolURL = s.Elsewhere(d.Standing)
	case d.Bare && d.Terms.WithoutDevice == mfa.WithoutDeviceEnrol:
		v.EnrolURL = s.EnrolURL
	case d.Bare:
		v.Refused = d.Terms.WithoutDevice == mfa.WithoutDeviceRefuse
	default:
		v.Unable = v.None()
	}
	if len(d.Ways.Push) == 0 && !d.Ways.Quiet.IsZero() {
		v.Quiet = d.left(d.Ways.Quiet)
	}
	for _, device := range d.Ways.Push {
		v.Devices = append(v.Devices, Device{device.ID, device.Name})
	}
	if life := d.Terms.Remember; life >= 24*time.Hour {
		v.WaiveURL, v.Waive, v.Waived = d.path+"/waive", life, d.Login.Waive
	}
	v.Last = string(d.Liking.Last)
	return v
}

func (d drawing) typed() View {
	n := d.Login.Notice
	v := TypePasscode{Question: d.question(), Action: d.path + "/passcode", Wrong: n.Kind == idp.WrongPasscode, OtherURL: d.path + "/choose"}
	if n.Kind == idp.Wait {
		v.Wait = d.left(n.Until)
	}
	v.Closed, v.Long = n.Kind == idp.Closed, d.Ways.Long
	return v
}

func (d drawing) waiting() View {
	c := d.Challenge
	v := Waiting{
		Question: d.question(), MatchNumber: c.MatchNumber, Progress: progress(c.Progress), Left: d.left(c.EndsAt),
		StreamURL: d.path + "/stream", PasscodeAction: d.path + "/passcode", AgainURL: d.path + "/send-again",
		Typing: d.typing, TypeURL: d.path + "?type", Early: d.Login.Notice.Kind == idp.TooEarly,
	}
	if c.Progress == mfa.Missed {
		v.Trouble = TroubleFailed
	} else if c.Asleep {
		v.Trouble = TroubleOff
	}
	v.PasscodeURL = d.typedURL()
	if v.SuggestIn = d.left(c.AskedAt.Add(patience)); v.PasscodeURL != "" {
		v.Suggest = v.SuggestIn == 0 && v.Progress != ProgressDelivered && v.Progress != ProgressOpened
	}
	if len(c.Asked) > 0 {
		v.HereURL, v.Asked = hereURL(d.Login.ChallengeID, d.Login.ID), strings.Join(c.Asked, " ")
	}
	if len(c.Devices) == 1 {
		v.Device = c.Devices[0]
	}
	if d.Wait != nil {
		v.AgainIn = d.left(*d.Wait)
	} else if d.Ways.Refusal != nil { // paused: nothing more can be sent
		v.AgainURL = ""
	}
	return v
}

// patience is how long a person looks at a request that reaches nobody before the page
// suggests another way.
const patience = 15 * time.Second

// hereURL leads to the request in the authenticator of this very browser. Elsewhere the
// same address opens the ordinary request, with its number.
func hereURL(challengeID, loginID string) string {
	return "/app/#request=" + challengeID + "&login=" + loginID
}

func progress(p mfa.Progress) Progress {
	switch p {
	case mfa.Sent:
		return ProgressSent
	case mfa.Delivered:
		return ProgressDelivered
	case mfa.Opened, mfa.Answered:
		return ProgressOpened
	case mfa.Missed:
		return ProgressMissed
	}
	return ProgressQueued
}

func (d drawing) approved() View {
	c, n := d.Challenge, d.Login.Notice
	v := Approved{Question: d.question(), Device: c.Device, Passcode: c.Passcode, Action: d.path + "/passcode", Left: d.left(c.EndsAt)}
	if n.Kind == idp.WrongPasscode {
		v.Wrong, v.TriesLeft = true, n.TriesLeft
	}
	return v
}

func (d drawing) ended() View {
	v := Ended{Question: d.question(), Outcome: Outcome(d.Page), Device: d.Challenge.Device}
	if d.Page != idp.PageReported {
		v.AgainURL, v.PasscodeURL, v.PasskeyOffer = d.mobileURL(), d.typedURL(), d.passkeyOffer(d.Ways.Passkey)
		v.RecoveryURL = d.recoveryURL()
	}
	return v
}

func (d drawing) paused() View {
	v := Paused{Question: d.question(), PasskeyOffer: d.passkeyOffer(d.Ways.Passkey), MobileURL: d.path + "/mobile",
		PasscodeURL: d.typedURL(), RecoveryURL: d.recoveryURL()}
	if d.Wait != nil {
		v.Wait = max(time.Second, d.left(*d.Wait))
	}
	return v
}

// done forwards the browser to the client with its answer.
func (s *Surface) done(d drawing) View {
	if d.Login.Request.StaysHere() {
		if d.Login.State != idp.Done {
			return Over{Frame: d.frame(), Reason: ReasonCancelled, StartURL: s.AccountURL(d.Login.Request.Account)}
		}
		return Done{Frame: d.frame(), Device: d.Device, URL: s.AccountURL(d.Login.Request.Account)}
	}
	response := d.response
	if response.Request.ResponseMode != "form_post" {
		return Done{Frame: d.frame(), Device: d.Device, URL: response.URL(s.Issuer), Failed: response.Err != nil}
	}
	v := DoneForm{Frame: d.frame(), Device: d.Device, Action: response.Request.RedirectURI, Failed: response.Err != nil}
	for _, f := range response.Fields(s.Issuer) {
		v.Fields = append(v.Fields, Field{Name: f.Name, Value: f.Value})
	}
	return v
}
