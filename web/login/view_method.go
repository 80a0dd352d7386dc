package login

import (
	"net/http"
	"slices"
	"time"
)

// ChooseMethod asks how the person wants to confirm that it is them. Buttons use-mobile and use-passcode, state
// method. With no way at all it says what to do instead.
type ChooseMethod struct {
	Question
	PasskeyOffer
	Name        string        // how to address the person; "" is fine
	MobileURL   string        // "" when no device can be asked
	Devices     []Device      // those devices
	PasscodeURL string        // "" when nothing can make a typed passcode
	RecoveryURL string        // "" when the person has no recovery codes
	Last        string        // the method that was used last: "push", "passcode", "passkey", "recovery" or ""
	Quiet       time.Duration // how long the person's phone is left alone, since they want so; 0 if it is not
	Unable      bool          // with no way at all: the person has devices, and none of them will do
	Refused     bool          // with no way at all: policy turns people without a device away
	EnrolURL    string        // with no way at all: where a first device is set up, if policy allows; "" asks the administrator

	WaiveURL string        // where the person says that they want no more prompts on this browser; "" where policy has no such thing
	Waive    time.Duration // for how long that would hold
	Waived   bool          // the person said so
}

// Device is one that can be asked.
type Device struct{ ID, Name string }

func (ChooseMethod) view() (string, int) { return "method", http.StatusOK }

// Order is the methods as they stand on the page: what was used last comes first. A
// recovery code is for the day when nothing else works, and stays below.
func (p ChooseMethod) Order() []string {
	order := []string{"push", "passcode", "passkey", "recovery"}
	if i := slices.Index(order, p.Last); i > 0 && p.Last != "recovery" {
		order = append([]string{p.Last}, slices.Delete(order, i, i+1)...)
	}
	return order
}

// Several reports whether the person can choose between devices.
func (p ChooseMethod) Several() bool { return p.MobileURL != "" && len(p.Devices) > 1 }

// WaiveDays is for how many days prompts would be waived.
func (p ChooseMethod) WaiveDays() int { return int(p.Waive.Hours() / 24) }

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
	Long      bool          // one of the person's tokens makes eight digits, for which there are no boxes
}

func (p TypePasscode) view() (string, int) { return "passcode", http.StatusOK }

// Paused says that no requests are sent to the phone for a while. Its form still holds use-mobile, and the other
// ways stay open. State paused.
type Paused struct {
	Question
	PasskeyOffer
	Wait        time.Duration // 0: until a passcode was used
	MobileURL   string
	PasscodeURL string // "" when nothing can make one
	RecoveryURL string // "" when no code is left
}

func (Paused) view() (string, int) { return "paused", http.StatusOK }
