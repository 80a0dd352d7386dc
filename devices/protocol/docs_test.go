package protocol

import (
	"os"
	"strings"
	"testing"
)

func TestTheDocumentationNamesEveryVerbAndCode(t *testing.T) {
	text, err := os.ReadFile("../../docs/device-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append(Verbs(), approvalDomain, questionDomain, pinInfo, typeRequest, typeProof, FingerprintAlphabet)
	for _, code := range []Code{
		ErrInvalidRequest, ErrTooLarge, ErrInvalidProof, ErrUseNonce, ErrReplayed, ErrSlowDown, ErrUnavailable,
		ErrUnknownDevice, ErrDeviceSuspended, ErrLinkUsed, ErrLinkExpired, ErrUnknownRequest, ErrExpired,
		ErrAnsweredElsewhere, ErrSuperseded, ErrWithdrawn, ErrFailed, ErrWrongNumber, ErrWrongPasscode, ErrWrongAssertion, ErrRefusedByPolicy,
	} {
		names = append(names, "`"+string(code)+"`")
	}
	for _, name := range names {
		if !strings.Contains(string(text), name) {
			t.Errorf("the documentation does not mention %s", name)
		}
	}
}
