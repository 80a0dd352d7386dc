package login

import (
	"net/http"
	"time"
)

// ChooseMethod asks how the person wants to confirm that it is them. Buttons use-mobile and use-passcode, state
// method. With no way at all it says what to do instead.
type ChooseMethod struct {
	Question
	Name          string   // how to address the person; "" is fine
	MobileURL     string   // "" when no device can be asked
	Devices       []string // the names of those devices
	PasscodeURL   string   // "" when nothing can make a typed passcode
	PasscodeFirst bool     // it was the last one used
	PasskeyURL    string   // "" when the person has no passkey
	RecoveryURL   string   // "" when the person has no recovery codes
	Unable        bool     // with no way at all: the person has devices, and none of them will do
	EnrolURL      string   // with no way at all: where a first device is set up, if policy allows; "" asks the administrator
}

func (ChooseMethod) view() (string, int) { return "method", http.StatusOK }

// None reports that there is no way to go on.
func (p ChooseMethod) None() bool {
	return p.MobileURL == "" && p.PasscodeURL == "" && p.PasskeyURL == "" && p.RecoveryURL == ""
}

// TypePasscode asks for a passcode from the app or a hardware token. Input passcode, button passcode-submit, state
// method.
type TypePasscode struct {
	Question
	Action    string
	Wrong     bool          // the last one did not match
	TriesLeft int           // 0 leaves it unsaid
	Wait      time.Duration // no further try before this has passed
	Closed    bool          // too many wrong tries; this way is closed
	OtherURL  string        // where the button to the choice is sent; "" draws none
}

func (p TypePasscode) view() (string, int) { return "passcode", http.StatusOK }

// Paused says that no requests are sent to the phone for a while. Its form still holds use-mobile, and the other
// ways stay open. State paused.
type Paused struct {
	Question
	Wait        time.Duration // 0: until a passcode was used
	MobileURL   string
	PasscodeURL string // "" when nothing can make one
}

func (Paused) view() (string, int) { return "paused", http.StatusOK }
