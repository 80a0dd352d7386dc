package otp

import (
	"errors"
	"testing"
	"time"
)

func TestEveryVectorOfRFC6238AppendixB(t *testing.T) {
	var file struct {
		Digits  int
		Period  int `json:"period_seconds"`
		Vectors []struct {
			Time      int64
			Hash      Hash
			Key, Code string
		}
	}
	readVectors(t, "rfc6238-appendix-b.json", &file)
	if len(file.Vectors) != 18 {
		t.Fatalf("got %d vectors, want the 18 of appendix B", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		totp := TOTP{Hash: v.Hash, Digits: file.Digits, Period: time.Duration(file.Period) * time.Second}
		now := time.Unix(v.Time, 0)
		key := unhex(t, v.Key)
		if got, err := totp.Code(key, now); err != nil || got != v.Code {
			t.Errorf("%s at %d: got %q (%v), want %q", v.Hash, v.Time, got, err, v.Code)
		}
		if step, err := totp.Verify(key, v.Code, now, 0); err != nil || step != v.Time/30 {
			t.Errorf("%s at %d: got step %d (%v), want %d", v.Hash, v.Time, step, err, v.Time/30)
		}
	}
}

func TestATypedPasscodeIsAcceptedOnceAndForOneStepMore(t *testing.T) {
	made := time.Unix(1_800_000_000, 0) // the first second of a step
	step := made.Unix() / 30
	passcode, err := TOTP{}.Code(testKey, made)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		after    time.Duration
		lastStep int64
		want     error
	}{
		"at once":                           {0, 0, nil},
		"at the end of its step":            {29 * time.Second, 0, nil},
		"during the next step":              {59 * time.Second, step - 1, nil},
		"two steps later":                   {60 * time.Second, 0, ErrWrong},
		"a step early":                      {-time.Second, 0, ErrWrong},
		"a second time":                     {time.Second, step, ErrReplayed},
		"a second time, in the next step":   {31 * time.Second, step, ErrReplayed},
		"after a later passcode was used":   {31 * time.Second, step + 1, ErrReplayed},
		"after the one before it was used":  {time.Second, step - 1, nil},
		"a second time, when it is too old": {2 * time.Minute, step, ErrWrong},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := VerifyTOTP(testKey, passcode, made.Add(row.after), row.lastStep)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			wantStep := row.lastStep
			if row.want == nil {
				wantStep = step
			}
			if got != wantStep {
				t.Errorf("got step %d, want %d", got, wantStep)
			}
		})
	}
}

func TestTypedPasscodesAreNormalizedFirst(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	passcode, err := TOTP{Hash: SHA1}.Code(testKey, now)
	if err != nil {
		t.Fatal(err)
	}
	wide := ""
	for _, r := range passcode {
		wide += string(r - '0' + '０')
	}
	if _, err := (TOTP{Hash: SHA1}).Verify(testKey, " "+wide[:9]+" - "+wide[9:], now, 0); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestTOTPRefusesUnusableParameters(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, row := range map[string]struct {
		totp   TOTP
		secret []byte
		now    time.Time
	}{
		"an empty secret":          {TOTP{}, nil, now},
		"a short secret":           {TOTP{}, testKey[:15], now},
		"an unknown hash":          {TOTP{Hash: "MD5"}, testKey, now},
		"four digits":              {TOTP{Digits: 4}, testKey, now},
		"a period of half seconds": {TOTP{Period: 1500 * time.Millisecond}, testKey, now},
		"a negative period":        {TOTP{Period: -time.Second}, testKey, now},
		"a time that was not set":  {TOTP{}, testKey, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := row.totp.Code(row.secret, row.now); err == nil {
				t.Errorf("got %q, want an error", got)
			}
			if _, err := row.totp.Verify(row.secret, "123456", row.now, 0); err == nil || errors.Is(err, ErrWrong) {
				t.Errorf("got %v, want an error that is no verdict", err)
			}
		})
	}
}
