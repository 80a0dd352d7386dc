package login

import (
	"net/http"

	"github.com/nod-idp/nod/web/page"
)

// Outcome is how a request to the phone ended without signing anybody in.
type Outcome string

// The outcomes that have a page, named like the state of the challenge.
const (
	OutcomeDenied     Outcome = "denied"
	OutcomeReported   Outcome = "reported"
	OutcomeExpired    Outcome = "expired"
	OutcomeSuperseded Outcome = "superseded"
	OutcomeFailed     Outcome = "failed" // too many wrong numbers or passcodes
)

// Ended says how the request ended and offers the ways on. Buttons send-again, use-passcode and cancel where they
// have an address; the state is the outcome.
type Ended struct {
	Question
	PasskeyOffer
	Outcome     Outcome
	Device      string // "" when several were asked
	AgainURL    string // never set after a report: a password alone does not end one
	PasscodeURL string
	RecoveryURL string
}

func (p Ended) view() (string, int) {
	switch p.Outcome {
	case OutcomeDenied, OutcomeReported, OutcomeSuperseded, OutcomeFailed:
		return string(p.Outcome), http.StatusOK
	}
	return string(OutcomeExpired), http.StatusOK
}

// Reason is why a login itself is over.
type Reason string

// The reasons that have words of their own.
const (
	ReasonExpired   Reason = "expired"   // it was not finished in time
	ReasonFinished  Reason = "finished"  // it already signed somebody in
	ReasonCancelled Reason = "cancelled" // the person stopped it
	ReasonElsewhere Reason = "elsewhere" // it belongs to another browser, or its cookie is gone
)

// Over says that this login cannot go on, and how to start a new one. State error.
type Over struct {
	page.Frame
	Reason   Reason
	StartURL string // an address that begins a new login; "" asks to go back to the application
}

func (p Over) view() (string, int) {
	if p.Reason == ReasonElsewhere {
		return "over", http.StatusForbidden
	}
	return "over", http.StatusGone
}
