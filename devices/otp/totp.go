package otp

import (
	"errors"
	"time"
)

// TOTP is the time based passcode of RFC 6238. The zero TOTP is what nod's own
// devices make: SHA-256, six digits, thirty seconds. Standard apps, many of
// which ignore the parameters of a QR code, need TOTP{Hash: SHA1}.
type TOTP struct {
	// Hash is SHA256 if empty.
	Hash Hash
	// Digits is 6 if zero, and otherwise 6 to 8.
	Digits int
	// Period is 30 s if zero, and otherwise whole seconds.
	Period time.Duration
}

// Code computes the passcode at a moment.
func (t TOTP) Code(secret []byte, now time.Time) (string, error) {
	step, err := t.step(now)
	if err != nil {
		return "", err
	}
	return t.at(secret, step)
}

// Verify accepts the passcode of the current and of the previous step
// (RFC 6238, section 5.2), and none of a step up to lastStep, the one that
// Verify returned last for this secret; that refusal is ErrReplayed. The
// caller stores the returned step, on the condition that it still is above the
// stored one, before it answers. A lastStep of 0 means never used.
func (t TOTP) Verify(secret []byte, passcode string, now time.Time, lastStep int64) (step int64, err error) {
	current, err := t.step(now)
	if err != nil {
		return lastStep, err
	}
	passcode = Normalize(passcode)
	verdict := ErrWrong
	for _, step := range []int64{current, current - 1} {
		if step < 0 {
			continue
		}
		want, err := t.at(secret, step)
		if err != nil {
			return lastStep, err
		}
		if !equal(want, passcode) {
			continue
		}
		if step > lastStep {
			return step, nil
		}
		verdict = ErrReplayed
	}
	return lastStep, verdict
}

// VerifyTOTP checks a passcode of one of nod's own devices: TOTP{}.Verify.
func VerifyTOTP(secret []byte, passcode string, now time.Time, lastStep int64) (step int64, err error) {
	return TOTP{}.Verify(secret, passcode, now, lastStep)
}

// Step is the step that one of nod's own devices makes a passcode of at a moment.
func Step(now time.Time) (int64, error) { return TOTP{}.step(now) }

func (t TOTP) at(secret []byte, step int64) (string, error) {
	if t.Hash == "" {
		t.Hash = SHA256
	}
	return code(secret, uint64(step), t.Hash, t.Digits)
}

func (t TOTP) step(now time.Time) (int64, error) {
	if t.Period == 0 {
		t.Period = 30 * time.Second
	}
	if t.Period < time.Second || t.Period%time.Second != 0 {
		return 0, errors.New("period is not whole seconds")
	}
	if now.Unix() < 0 {
		return 0, errors.New("time is before 1970")
	}
	return now.Unix() / int64(t.Period/time.Second), nil
}
