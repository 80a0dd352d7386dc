package otp

import (
	"errors"
	"math"
	"testing"
)

type hotpVectors struct {
	Key    string
	Digits int
	Codes  []string
}

func TestEveryVectorOfRFC4226AppendixD(t *testing.T) {
	var file hotpVectors
	readVectors(t, "rfc4226-appendix-d.json", &file)
	if len(file.Codes) != 10 {
		t.Fatalf("got %d vectors, want the 10 of appendix D", len(file.Codes))
	}
	for counter, want := range file.Codes {
		got, err := HOTP{Digits: file.Digits}.Code(unhex(t, file.Key), uint64(counter))
		if err != nil || got != want {
			t.Errorf("counter %d: got %q (%v), want %q", counter, got, err, want)
		}
	}
}

func TestHOTPLooksAheadAndNeverBack(t *testing.T) {
	const made = 100
	passcode, err := HOTP{}.Code(testKey, made)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		counter uint64
		want    error
	}{
		"at its counter":           {made, nil},
		"ten presses unused":       {made - LookAhead, nil},
		"eleven presses unused":    {made - LookAhead - 1, ErrWrong},
		"after it was used":        {made + 1, ErrWrong},
		"after later ones as well": {made + 5, ErrWrong},
	} {
		t.Run(name, func(t *testing.T) {
			next, err := HOTP{}.Verify(testKey, passcode, row.counter)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			want := row.counter
			if row.want == nil {
				want = made + 1
			}
			if next != want {
				t.Errorf("got counter %d, want %d", next, want)
			}
		})
	}
}

func TestHOTPRefusesUnusableParameters(t *testing.T) {
	if _, err := (HOTP{}).Verify(nil, "755224", 0); !errors.Is(err, ErrWeakSecret) {
		t.Errorf("empty secret: got %v, want %v", err, ErrWeakSecret)
	}
	if _, err := (HOTP{Digits: 9}).Code(testKey, 0); err == nil {
		t.Error("nine digits: got no error")
	}
	if _, err := (HOTP{}).Verify(testKey, "000000", math.MaxUint64-3); err == nil || errors.Is(err, ErrWrong) {
		t.Errorf("exhausted counter: got %v, want an error that is no verdict", err)
	}
}
