package otp

import (
	"bytes"
	"errors"
	"testing"
)

func TestAPushPasscodeAnswersOneQuestionUnderOneSecret(t *testing.T) {
	question := bytes.Repeat([]byte{7}, PushQuestionSize)
	passcode, err := PushPasscode(testKey, question)
	if err != nil {
		t.Fatal(err)
	}
	if len(passcode) != 6 {
		t.Errorf("got %q, want six digits", passcode)
	}
	if err := VerifyPushPasscode(testKey, question, passcode); err != nil {
		t.Errorf("right passcode: got %v", err)
	}
	if err := VerifyPushPasscode(testKey, question, passcode[:3]+" "+passcode[3:]); err != nil {
		t.Errorf("passcode typed with a space: got %v", err)
	}
	otherKey := bytes.Repeat([]byte{9}, 32)
	otherQuestion := bytes.Repeat([]byte{8}, PushQuestionSize)
	for name, err := range map[string]error{
		"another secret":   VerifyPushPasscode(otherKey, question, passcode),
		"another question": VerifyPushPasscode(testKey, otherQuestion, passcode),
		"no passcode":      VerifyPushPasscode(testKey, question, ""),
		"five digits":      VerifyPushPasscode(testKey, question, passcode[:5]),
		"seven digits":     VerifyPushPasscode(testKey, question, passcode+"0"),
	} {
		if !errors.Is(err, ErrWrong) {
			t.Errorf("%s: got %v, want %v", name, err, ErrWrong)
		}
	}
}

func TestPushPasscodesRefuseWeakSecretsAndOddQuestions(t *testing.T) {
	question := make([]byte, PushQuestionSize)
	for _, secret := range [][]byte{nil, {}, make([]byte, 15)} {
		if err := VerifyPushPasscode(secret, question, "000000"); !errors.Is(err, ErrWeakSecret) {
			t.Errorf("%d bytes of secret: got %v, want %v", len(secret), err, ErrWeakSecret)
		}
	}
	for _, length := range []int{0, 31, 33} {
		if got, err := PushPasscode(testKey, make([]byte, length)); err == nil {
			t.Errorf("%d bytes of question: got %q, want an error", length, got)
		}
	}
}
