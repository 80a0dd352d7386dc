package protocol

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDecodeAcceptsWhatADeviceMaySend(t *testing.T) {
	hash := strings.Repeat("A", 43)
	for name, row := range map[string]struct {
		text string
		into any
	}{
		"an approval":              {`{"challenge":"c","verdict":"approve","number":"42","passcode":"123456","hash":"` + hash + `"}`, &Answer{}},
		"an approval by biometric": {`{"challenge":"c","verdict":"approve","passcode":"123456","hash":"` + hash + `","assertion":{"id":"x"}}`, &Answer{}},
		"a bare denial":            {`{"challenge":"c","verdict":"deny"}`, &Answer{}},
		"a bare report":            {`{"challenge":"c","verdict":"report"}`, &Answer{}},
		"members of the future":    {`{"challenge":"c","colour":{"a":[1]}}`, &ChallengeRef{}},
		"an empty message":         {` {} `, &Empty{}},
		"push off":                 {`{"on":false}`, &PushSetting{}},
		"a name in any script":     {`{"token":"t","name":"Zoës 電話","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"a proving passcode":       {`{"passcode":"000000"}`, &EnrolProve{}},
	} {
		if err := Decode([]byte(row.text), row.into); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDecodeRefusesWhatADeviceMustNotSend(t *testing.T) {
	hash := strings.Repeat("A", 43)
	approval := `{"challenge":"c","verdict":"approve","passcode":"123456","hash":"` + hash + `"`
	for name, row := range map[string]struct {
		text string
		into any
	}{
		"nothing":                      {``, &Empty{}},
		"null":                         {`null`, &Empty{}},
		"an array":                     {`[]`, &Empty{}},
		"two objects":                  {`{}{}`, &Empty{}},
		"invalid UTF-8":                {"{\"challenge\":\"\xff\"}", &ChallengeRef{}},
		"no challenge":                 {`{}`, &ChallengeRef{}},
		"a challenge in capitals":      {`{"CHALLENGE":"c"}`, &ChallengeRef{}},
		"a challenge twice":            {`{"challenge":"c","challenge":"d"}`, &ChallengeRef{}},
		"a challenge twice, escaped":   {`{"challenge":"c","\u0063hallenge":"d"}`, &ChallengeRef{}},
		"a challenge with a space":     {`{"challenge":"c d"}`, &ChallengeRef{}},
		"a long challenge":             {`{"challenge":"` + strings.Repeat("c", 129) + `"}`, &ChallengeRef{}},
		"no verdict":                   {`{"challenge":"c"}`, &Answer{}},
		"an unknown verdict":           {`{"challenge":"c","verdict":"maybe"}`, &Answer{}},
		"a denial of nothing":          {`{"verdict":"deny"}`, &Answer{}},
		"an approval without hash":     {`{"challenge":"c","verdict":"approve","passcode":"123456"}`, &Answer{}},
		"an approval without passcode": {`{"challenge":"c","verdict":"approve","hash":"` + hash + `"}`, &Answer{}},
		"a short hash":                 {strings.Replace(approval, "AAAA", "", 1) + `}`, &Answer{}},
		"a padded hash":                {strings.Replace(approval, hash, hash+"=", 1) + `}`, &Answer{}},
		"a hash with a line break":     {strings.Replace(approval, hash, hash+`\n`, 1) + `}`, &Answer{}},
		"a number with letters":        {approval + `,"number":"4x"}`, &Answer{}},
		"a number that is a number":    {approval + `,"number":42}`, &Answer{}},
		"a long number":                {approval + `,"number":"123456789"}`, &Answer{}},
		"an assertion that is null":    {approval + `,"assertion":null}`, &Answer{}},
		"an assertion as text":         {approval + `,"assertion":"x"}`, &Answer{}},
		"push neither on nor off":      {`{}`, &PushSetting{}},
		"five digits to prove":         {`{"passcode":"12345"}`, &EnrolProve{}},
		"no token":                     {`{"name":"n","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"no name":                      {`{"token":"t","name":"","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"a long name":                  {`{"token":"t","name":"` + strings.Repeat("n", 65) + `","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"a name with a line break":     {`{"token":"t","name":"a\nb","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"a name that runs backwards":   {`{"token":"t","name":"a\u202eb","kind":"web","wants":"pin"}`, &EnrolBegin{}},
		"an unknown kind":              {`{"token":"t","name":"n","kind":"watch","wants":"pin"}`, &EnrolBegin{}},
		"an unknown wish":              {`{"token":"t","name":"n","kind":"web","wants":""}`, &EnrolBegin{}},
	} {
		if err := Decode([]byte(row.text), row.into); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%s: got %v, want %v", name, err, ErrInvalidRequest)
		}
	}
}

func TestTimesTravelInMilliseconds(t *testing.T) {
	at := At(time.Date(2026, 3, 1, 13, 0, 0, 7_999_999, time.FixedZone("CET", 3600)))
	text, err := json.Marshal(at)
	if err != nil || string(text) != `"2026-03-01T12:00:00.007Z"` {
		t.Errorf("got %s (%v)", text, err)
	}
	var back Time
	if err := json.Unmarshal([]byte(`"2026-03-01T13:00:00.0079+01:00"`), &back); err != nil || back != at {
		t.Errorf("got %v (%v), want %v", back, err, at)
	}
	for _, bad := range []string{`1`, `""`, `"2026-03-01"`, `"yesterday"`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s: got no error", bad)
		}
	}
	if text, err := json.Marshal(Time{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Errorf("year 10000: got %s, want an error", text)
	}
}

func TestACleanContextCannotForgeTheScreen(t *testing.T) {
	got := Context{
		ClientName: "Mail\u202e\n", Browser: strings.Repeat("é", 300), Place: " Bern\x00\xff ", IP: "::1", OS: "\u2028", Message: "Till\u200f 3", At: Time{Time: testNow.Add(time.Nanosecond)},
	}.Clean()
	want := Context{ClientName: "Mail", Browser: strings.Repeat("é", 200), Place: "Bern", IP: "::1", Message: "Till 3", At: At(testNow)}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := got.Clean(); again != got {
		t.Errorf("cleaned twice: got %+v, want %+v", again, got)
	}
}

func TestAReceivedErrorIsItsCode(t *testing.T) {
	var err error
	received := &Error{}
	if e := Decode([]byte(`{"error":"wrong_number","message":"That is not the number.","tries_left":2,"server_time":"2026-03-01T12:00:00.000Z"}`), received); e != nil {
		t.Fatal(e)
	}
	err = received
	if !errors.Is(err, ErrWrongNumber) || *received.TriesLeft != 2 || received.ServerTime != At(testNow) {
		t.Errorf("got %v, want %v with 2 tries left", err, ErrWrongNumber)
	}
}
