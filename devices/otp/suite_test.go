package otp

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestParseSuiteReadsEveryPart(t *testing.T) {
	got, err := ParseSuite("OCRA-1:HOTP-SHA256-10:C-QA10-PSHA512-S128-T59S")
	if err != nil {
		t.Fatal(err)
	}
	want := Suite{
		text: "OCRA-1:HOTP-SHA256-10:C-QA10-PSHA512-S128-T59S", hash: SHA256, digits: 10, counter: true,
		format: 'A', length: 10, pin: SHA512, session: 128, step: 59 * time.Second,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseSuiteRefusesWhatTheStandardDoesNotName(t *testing.T) {
	for _, text := range []string{
		"", "OCRA-1", "OCRA-1:HOTP-SHA1-6", "OCRA-2:HOTP-SHA1-6:QN08", "ocra-1:HOTP-SHA1-6:QN08",
		"OCRA-1:HOTP-SHA1-6:QN08:", "OCRA-1:TOTP-SHA1-6:QN08", "OCRA-1:HOTP-MD5-6:QN08", "OCRA-1:HOTP--6:QN08",
		"OCRA-1:HOTP-SHA1-3:QN08", "OCRA-1:HOTP-SHA1-11:QN08", "OCRA-1:HOTP-SHA1-06:QN08", "OCRA-1:HOTP-SHA1-+6:QN08",
		"OCRA-1:HOTP-SHA1-6:", "OCRA-1:HOTP-SHA1-6:C", "OCRA-1:HOTP-SHA1-6:QN03", "OCRA-1:HOTP-SHA1-6:QN65",
		"OCRA-1:HOTP-SHA1-6:QX08", "OCRA-1:HOTP-SHA1-6:QN8", "OCRA-1:HOTP-SHA1-6:QN+8", "OCRA-1:HOTP-SHA1-6:PSHA1-QN08",
		"OCRA-1:HOTP-SHA1-6:QN08-", "OCRA-1:HOTP-SHA1-6:QN08-P", "OCRA-1:HOTP-SHA1-6:QN08-PMD5",
		"OCRA-1:HOTP-SHA1-6:QN08-S64", "OCRA-1:HOTP-SHA1-6:QN08-S000", "OCRA-1:HOTP-SHA1-6:QN08-S513",
		"OCRA-1:HOTP-SHA1-6:QN08-T", "OCRA-1:HOTP-SHA1-6:QN08-T0H", "OCRA-1:HOTP-SHA1-6:QN08-T49H",
		"OCRA-1:HOTP-SHA1-6:QN08-T60S", "OCRA-1:HOTP-SHA1-6:QN08-T1D", "OCRA-1:HOTP-SHA1-6:QN08-T01M",
		"OCRA-1:HOTP-SHA1-6:QN08-T1M-PSHA1", "OCRA-1:HOTP-SHA1-6:QN08-PSHA1-PSHA1", "OCRA-1:HOTP-SHA1-6:QN08-C",
	} {
		if _, err := ParseSuite(text); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func FuzzParseSuite(f *testing.F) {
	for _, seed := range []string{
		PushSuite, "OCRA-1:HOTP-SHA512-8:QA10-T1M", "OCRA-1:HOTP-SHA1-0:C-QN64-PSHA256-S512-T48H", "OCRA-1:::",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		suite, err := ParseSuite(text)
		if err != nil {
			if suite != (Suite{}) {
				t.Errorf("%q: got %+v beside an error", text, suite)
			}
			return
		}
		if suite.String() != text {
			t.Errorf("got %q, want %q", suite.String(), text)
		}
		in := Input{Question: strings.Repeat("9", suite.length), Answered: "1", Time: time.Unix(1e9, 0)}
		if suite.pin != "" {
			newHash, err := suite.pin.constructor()
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			in.PINHash = bytes.Repeat([]byte{1}, newHash().Size())
		}
		if suite.session > 0 {
			in.Session = "s"
		}
		response, err := suite.Response(testKey, in)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if suite.digits > 0 && len(response) != suite.digits {
			t.Errorf("%q: got %q, want %d digits", text, response, suite.digits)
		}
	})
}
