package login

import (
	"net/http"
	"time"
)

// Progress is how far a request is known to have come.
type Progress string

// The steps of a request before it is answered.
const (
	ProgressQueued    Progress = ""
	ProgressSent      Progress = "sent"
	ProgressDelivered Progress = "delivered"
	ProgressOpened    Progress = "opened"
	ProgressMissed    Progress = "missed" // no step, but trouble
)

// Trouble is why a request may not have reached the phone by itself. The person can open the app there, which
// learns of it by its own stream.
type Trouble string

// The troubles a delivery can have.
const (
	TroubleNone   Trouble = ""
	TroubleFailed Trouble = "failed" // no push service took it
	TroubleOff    Trouble = "off"    // push is switched off on the device
)

// Waiting shows the match number while the phone is being asked. Element match-number, input passcode, buttons
// passcode-submit, send-again and cancel, state pending.
//
// It is drawn under the login's own address by GET, since the script, and without one the browser, loads the same
// address again when the state has changed. The stream sends events named "state" with data such as
// {"state":"pending","progress":"opened"}.
type Waiting struct {
	Question
	Device      string // the name of the one device asked; "" when there are several
	MatchNumber string // digits; "" when policy switched it off
	Progress    Progress
	Trouble     Trouble
	Left        time.Duration // until the request expires
	StreamURL   string

	PasscodeAction string
	Wrong          bool // the last passcode typed here did not match
	TriesLeft      int  // 0 leaves it unsaid
	Early          bool // a passcode was typed before the phone approved
	Typing         bool // the person wants to type: no refresh without script, the input has the focus
	TypeURL        string
	HereURL        string        // the request in this browser's own authenticator; the script shows it where there is one
	Asked          string        // the ids of the devices that were asked, separated by spaces
	PasscodeURL    string        // leads to a passcode typed from the app; "" when nothing can make one
	Suggest        bool          // it is time to say so, since no device is known to have the request
	SuggestIn      time.Duration // when it will be
	AgainURL       string        // "" draws no send-again
	AgainIn        time.Duration // before send-again is of use
}

func (Waiting) view() (string, int) { return "waiting", http.StatusOK }

// LongNumber reports that the match number does not fit the page at its full size.
func (p Waiting) LongNumber() bool { return len(p.MatchNumber) > 3 }

// Step is one dot of the way.
type Step struct {
	Progress string
	Done     bool
	Current  bool
}

// Steps are the dots, filled as far as known.
func (p Waiting) Steps() []Step {
	all := []Progress{ProgressSent, ProgressDelivered, ProgressOpened, "approved"}
	reached := -1
	for i, step := range all {
		if step == p.Progress {
			reached = i
		}
	}
	steps := make([]Step, len(all))
	for i, step := range all {
		steps[i] = Step{Progress: string(step), Done: i <= reached, Current: i == reached}
	}
	return steps
}

// Approved holds the passcode that the device sent, ready to be submitted: by the script after a short visible
// moment, or by the button passcode-submit. State approved.
type Approved struct {
	Question
	Device    string
	Passcode  string // "" when the person has to type it from the phone
	Action    string
	Wrong     bool
	TriesLeft int           // 0 leaves it unsaid
	Left      time.Duration // to finish
}

func (Approved) view() (string, int) { return "approved", http.StatusOK }

// SubmitsItself reports whether the script may press the button. After a passcode did not match it may not, or it
// would use up every try.
func (p Approved) SubmitsItself() bool { return p.Passcode != "" && !p.Wrong }
