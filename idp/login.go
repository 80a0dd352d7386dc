package idp

import (
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa"
)

// Login is one attempt of a browser to get through an authorization request. Version is 0 until its first step.
type Login struct {
	ID           string
	Issuer       string // whose answer it leads to; "" for nod's own
	State        LoginState
	ClientID     string
	Request      AuthRequest
	UserID       string // "" until the password was proved
	Evidence     evidence.Evidence
	Method       Method
	ChallengeID  string // the challenge of this login, "" before the first
	KnownBrowser string // the id of the person's known browser, or ""
	SessionID    string // while open: the session it took the password from, or ""; then the session it led to
	Waive        bool   // prompts on this browser, once this login is through
	Notice       Notice
	Questions    Questions
	Failure      string // the protocol's error code, for a login that ended without success
	IP           string
	UserAgent    string
	CreatedAt    time.Time
	ExpiresAt    time.Time
	FinishedAt   time.Time
	Version      int64

	browser    string // hash of the browser's cookie, hex
	carried    string // the seal in its address, "" once it is kept
	firstParty bool   // its client is asked no consent for
}

// LoginState says whether a login still goes on.
type LoginState string

// The states of a login.
const (
	Open      LoginState = "open"
	Done      LoginState = "done"
	Cancelled LoginState = "cancelled"
)

// Questions are what the person still has to be asked, besides for proofs.
type Questions struct {
	Account bool `json:"account,omitempty"` // whether to go on as who is signed in
	Consent bool `json:"consent,omitempty"` // whether the client may have what it wants
}

// Method is the second factor that the person chose last in this login.
type Method string

// The methods.
const (
	NoMethod   Method = ""
	ByPush     Method = "push"
	ByTyped    Method = "typed"
	ByRecovery Method = "recovery"
	ByPasskey  Method = "passkey"
)

// Notice is what the last step has to tell on the page that follows it. A page is
// fetched, and fetching changes nothing, so the notice stands in the row.
type Notice struct {
	Kind      NoticeKind `json:"kind,omitempty"`
	Until     time.Time  `json:"until,omitzero"`
	TriesLeft int        `json:"tries_left,omitempty"`
	Username  string     `json:"username,omitempty"`
}

// NoticeKind names a notice.
type NoticeKind string

// The notices.
const (
	Mismatch         NoticeKind = "mismatch"          // user name or password did not match
	Wait             NoticeKind = "wait"              // no guess before Until
	Closed           NoticeKind = "closed"            // no guess from browsers of this kind at all
	WrongPasscode    NoticeKind = "wrong_passcode"    // other digits were expected
	TooEarly         NoticeKind = "too_early"         // a passcode came before the approval
	PushRefused      NoticeKind = "push_refused"      // no prompt could be sent
	PasswordReplaced NoticeKind = "password_replaced" // the password was changed since it was proved here
	PasskeyRefused   NoticeKind = "passkey_refused"   // a passkey does not hold, or none is looked at before Until
	PasskeyClosed    NoticeKind = "passkey_closed"    // no passkey from browsers of this kind at all
)

// Step is what a login needs next.
type Step string

// The steps.
const (
	StepPassword Step = "password"
	StepAccount  Step = "account"  // going on as who is signed in, or as somebody else
	StepIdentify Step = "identify" // nobody knows yet whom the other issuer means
	StepFactor   Step = "factor"
	StepConsent  Step = "consent" // everything is proved; the person has to agree
	StepFinish   Step = "finish"  // everything is proved; only the code is missing
	StepDone     Step = "done"    // the client can be answered
	StepOver     Step = "over"    // it was not finished in time
)

// Next decides what a login needs next. It is the only place that does, and looks
// at nothing but the row, the demand of the policy and the clock.
func (l Login) Next(demand mfa.Demand, now time.Time) Step {
	switch {
	case l.State != Open:
		return StepDone
	case !now.Before(l.ExpiresAt):
		return StepOver
	case l.Foreign() && (l.UserID == "" || l.Evidence.Foreign == ""):
		return StepIdentify
	case l.UserID == "" || !l.Evidence.Begun():
		return StepPassword
	case l.Questions.Account:
		return StepAccount
	case demand.Factor && !enough(l.Evidence, demand):
		return StepFactor
	case l.Questions.Consent:
		return StepConsent
	}
	return StepFinish
}

// Foreign reports whether another issuer proved the first factor and gets the answer.
func (l Login) Foreign() bool { return l.Request.Foreign != nil }

// borrows reports whether the password was not proved by this login but by a session.
func (l Login) borrows() bool { return l.State == Open && l.SessionID != "" }

// forget takes back who the person is, and what hangs on it.
func (l *Login) forget() {
	l.UserID, l.KnownBrowser, l.SessionID, l.Evidence, l.Questions = "", "", "", evidence.Evidence{}, Questions{}
}

// unmet reports whether the request demands a class of authentication that was not
// reached (OpenID Connect Core 1.0, section 5.5.1.1).
func (l Login) unmet() bool {
	return len(l.Request.Claims.ACR) > 0 && !slices.ContainsFunc(l.Request.Claims.ACR, l.Evidence.Meets)
}

// enough reports whether the second factor proved is as strong as the demand: an
// approval without a match number does not do where the number is demanded, and
// nothing but an approval of a device that verified its person where that is.
func enough(e evidence.Evidence, demand mfa.Demand) bool {
	switch {
	case e.FactorAt.IsZero(), !demand.Allows(methodOf(e)):
		return false
	case demand.PhishingResistant && !e.PhishingResistant(), demand.Verified && !e.Verified():
		return false
	}
	pushed := e.Challenge != ""
	return !pushed || e.Numbered || demand.MatchDigits == 0
}

// methodOf is the way in which the second factor was proved.
func methodOf(e evidence.Evidence) mfa.Method {
	switch {
	case e.Challenge != "":
		return mfa.MethodPush
	case e.Recovery:
		return mfa.MethodRecovery
	case e.Passkey != "" && !slices.Contains(e.Factor, "otp"): // else it stands in for the password
		return mfa.MethodPasskey
	}
	return mfa.MethodPasscode
}
