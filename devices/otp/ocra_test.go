package otp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"
)

var testKey = []byte("12345678901234567890123456789012")

// readVectors fills into from a file of testdata.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryVectorOfRFC6287AppendixC(t *testing.T) {
	var file struct {
		Groups []struct {
			Section, Suite, Key string
			PINHash             string `json:"pin_hash"`
			Time                time.Time
			Responses           []struct {
				Counter                      uint64
				Question, Answered, Response string
			}
		}
	}
	readVectors(t, "rfc6287-appendix-c.json", &file)
	checked := 0
	for _, group := range file.Groups {
		t.Run(group.Section+" "+group.Suite, func(t *testing.T) {
			suite, err := ParseSuite(group.Suite)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range group.Responses {
				got, err := suite.Response(unhex(t, group.Key), Input{
					Counter: row.Counter, Question: row.Question, Answered: row.Answered,
					PINHash: unhex(t, group.PINHash), Time: group.Time,
				})
				if err != nil || got != row.Response {
					t.Errorf("question %q, counter %d: got %q (%v), want %q", row.Question+row.Answered, row.Counter, got, err, row.Response)
				}
				checked++
			}
		})
	}
	if checked != 70 {
		t.Errorf("got %d vectors, want the 70 of appendix C", checked)
	}
}

func TestTheLayoutOfEveryInput(t *testing.T) {
	suite, err := ParseSuite("OCRA-1:HOTP-SHA512-0:C-QH08-PSHA256-S004-T2H")
	if err != nil {
		t.Fatal(err)
	}
	pin := bytes.Repeat([]byte{0xaa}, 32)
	got, err := suite.message(Input{Counter: 258, Question: "abc", PINHash: pin, Session: "xy", Time: time.Unix(4*3600+1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte(suite.String() + "\x00" + "\x00\x00\x00\x00\x00\x00\x01\x02" + "\xab\xc0")
	want = append(want, make([]byte, 126)...)
	want = append(want, pin...)
	want = append(want, "\x00\x00xy\x00\x00\x00\x00\x00\x00\x00\x02"...)
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	response, err := suite.Response(testKey, Input{Question: "abc", PINHash: pin, Session: "xy", Time: time.Unix(1, 0)})
	if err != nil || len(response) != 128 {
		t.Errorf("0 digits: got %q (%v), want the whole HMAC in hexadecimal", response, err)
	}
}

func TestResponseRefusesUnusableInput(t *testing.T) {
	for name, row := range map[string]struct {
		suite string
		in    Input
	}{
		"no question":                       {"OCRA-1:HOTP-SHA1-6:QN08", Input{}},
		"a question that is too long":       {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "123456789"}},
		"letters in a numeric question":     {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "1234567a"}},
		"a sign in a numeric question":      {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "-1234567"}},
		"letters in the middle":             {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "12x4"}},
		"a space in an alphanumeric one":    {"OCRA-1:HOTP-SHA1-6:QA08", Input{Question: "abc def"}},
		"no hexadecimal digit":              {"OCRA-1:HOTP-SHA1-6:QH08", Input{Question: "abcdefgh"}},
		"a second question that is no text": {"OCRA-1:HOTP-SHA1-6:QA08", Input{Question: "abcd", Answered: "é"}},
		"a missing PIN hash":                {"OCRA-1:HOTP-SHA1-6:QN08-PSHA1", Input{Question: "1"}},
		"a PIN hash of another function":    {"OCRA-1:HOTP-SHA1-6:QN08-PSHA1", Input{Question: "1", PINHash: make([]byte, 32)}},
		"a PIN hash that would be ignored":  {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "1", PINHash: make([]byte, 20)}},
		"a session that would be ignored":   {"OCRA-1:HOTP-SHA1-6:QN08", Input{Question: "1", Session: "s"}},
		"a session that is missing":         {"OCRA-1:HOTP-SHA1-6:QN08-S064", Input{Question: "1"}},
		"a session that is too long":        {"OCRA-1:HOTP-SHA1-6:QN08-S001", Input{Question: "1", Session: "ss"}},
		"a session hidden by its padding":   {"OCRA-1:HOTP-SHA1-6:QN08-S004", Input{Question: "1", Session: "\x00s"}},
		"a time that was never set":         {"OCRA-1:HOTP-SHA1-6:QN08-T1M", Input{Question: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			suite, err := ParseSuite(row.suite)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := suite.Response(testKey, row.in); err == nil {
				t.Errorf("got %q, want an error", got)
			}
		})
	}
	if got, err := (Suite{}).Response(testKey, Input{Question: "1"}); err == nil {
		t.Errorf("zero suite: got %q, want an error", got)
	}
}

func TestResponseRefusesEmptyAndShortSecrets(t *testing.T) {
	suite, err := ParseSuite(PushSuite)
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{0, 1, MinSecret - 1} {
		if _, err := suite.Response(make([]byte, length), Input{Question: "ab"}); !errors.Is(err, ErrWeakSecret) {
			t.Errorf("%d bytes: got %v, want %v", length, err, ErrWeakSecret)
		}
	}
}

func BenchmarkOCRA(b *testing.B) {
	question := bytes.Repeat([]byte{0x5a}, PushQuestionSize)
	for b.Loop() {
		if _, err := PushPasscode(testKey, question); err != nil {
			b.Fatal(err)
		}
	}
}
