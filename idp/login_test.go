package idp

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa"
)

func TestNextDemandsEveryStep(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	open := Login{State: Open, ExpiresAt: now.Add(time.Minute)}
	with := func(l Login, user string, e evidence.Evidence) Login {
		l.UserID, l.Evidence = user, e
		return l
	}
	password := evidence.Evidence{PasswordAt: now}
	pushed := evidence.Evidence{PasswordAt: now, FactorAt: now, Challenge: "chl_1", Factor: []string{"otp"}}
	numbered := pushed
	numbered.Numbered = true
	typed := evidence.Evidence{PasswordAt: now, FactorAt: now, Factor: []string{"otp"}}
	number, push, off := mfa.Demand{Factor: true, MatchDigits: 2}, mfa.Demand{Factor: true}, mfa.Demand{}
	user := numbered
	user.Factor = []string{"otp", "swk", "user"}
	pin := numbered
	pin.Factor = []string{"otp", "pin", "swk"}
	typedPIN := typed
	typedPIN.Factor = []string{"otp", "pin"}
	verified := mfa.Demand{Factor: true, MatchDigits: 2, Verified: true}
	expired := open
	expired.ExpiresAt = now
	done, cancelled := with(open, "u", numbered), open
	done.State, cancelled.State = Done, Cancelled

	for name, tc := range map[string]struct {
		login  Login
		demand mfa.Demand
		want   Step
	}{
		"nothing proved": {open, number, StepPassword},
		"nothing proved, password alone demanded":        {open, off, StepPassword},
		"a user without a password proved":               {with(open, "u", evidence.Evidence{}), off, StepPassword},
		"a factor without a password":                    {with(open, "u", evidence.Evidence{FactorAt: now}), number, StepPassword},
		"evidence without a user":                        {with(open, "", numbered), number, StepPassword},
		"password, push demanded":                        {with(open, "u", password), push, StepFactor},
		"password, number demanded":                      {with(open, "u", password), number, StepFactor},
		"password, nothing more demanded":                {with(open, "u", password), off, StepFinish},
		"push without number, number demanded":           {with(open, "u", pushed), number, StepFactor},
		"push without number, push demanded":             {with(open, "u", pushed), push, StepFinish},
		"push with number, number demanded":              {with(open, "u", numbered), number, StepFinish},
		"typed passcode, number demanded":                {with(open, "u", typed), number, StepFinish},
		"number without verification, verified demanded": {with(open, "u", numbered), verified, StepFactor},
		"typed passcode, verified demanded":              {with(open, "u", typed), verified, StepFactor},
		"something typed that claims a PIN":              {with(open, "u", typedPIN), verified, StepFactor},
		"fingerprint, verified demanded":                 {with(open, "u", user), verified, StepFinish},
		"PIN, verified demanded":                         {with(open, "u", pin), verified, StepFinish},
		"out of time with everything proved":             {with(expired, "u", numbered), number, StepOver},
		"out of time":                                    {expired, number, StepOver},
		"done":                                           {done, number, StepDone},
		"done, though the policy became harder since":    {with(done, "u", password), number, StepDone},
		"cancelled": {cancelled, number, StepDone},
	} {
		if got := tc.login.Next(tc.demand, now); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
