package protocol

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
)

var update = flag.Bool("update", false, "write the test vectors anew")

// compareVectors checks a file of testdata against what this code computes.
func compareVectors(t *testing.T, name string, computed any) {
	t.Helper()
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(computed); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/"+name, buffer.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	stored, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, buffer.Bytes()) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, buffer.Bytes(), stored)
	}
}

// sequence returns bytes that count up from first.
func sequence(first byte, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

func TestCanonicalVectors(t *testing.T) {
	type vector struct {
		Fields  []string `json:"fields"`
		Encoded string   `json:"encoded_hex"`
	}
	var vectors []vector
	for _, fields := range [][]string{
		{}, {""}, {"a"}, {"a", ""}, {"", "a"}, {"ab", "c"}, {"a", "bc"}, {"Zürich", "東京", "🔑"}, {"\x00", "1772366400000"},
	} {
		vectors = append(vectors, vector{fields, hex.EncodeToString(Canonical(fields...))})
	}
	compareVectors(t, "canonical.json", map[string]any{
		"about":   "each field: its length in bytes as uint32 big-endian, then its UTF-8 bytes",
		"vectors": vectors,
	})
}

func TestApprovalVectors(t *testing.T) {
	type vector struct {
		Name      string   `json:"name"`
		Approval  Approval `json:"approval"`
		Context   string   `json:"context_hex"`
		Canonical string   `json:"canonical_hex"`
		Hash      Bytes    `json:"hash"`
		Question  Bytes    `json:"question"`
	}
	var vectors []vector
	for _, row := range []struct {
		name   string
		change func(*Approval)
	}{
		{"an approval with a match number", func(*Approval) {}},
		{"the same without a number", func(a *Approval) { a.Number = "" }},
		{"the same denied", func(a *Approval) { a.Number, a.Verdict = "", Deny }},
		{"the same reported", func(a *Approval) { a.Number, a.Verdict = "", Report }},
		{"an unknown place and a time with milliseconds", func(a *Approval) {
			a.Context.Place, a.Context.IP, a.Context.At = "", "2001:db8::7", At(testNow.Add(7*time.Millisecond))
		}},
		{"an application that asks without a browser, with a message", func(a *Approval) {
			a.Number, a.Context.IP, a.Context.Place, a.Context.Browser, a.Context.OS = "", "", "", "", ""
			a.Context.Message = "Till 3 · 42.10 €"
		}},
		{"names in other scripts", func(a *Approval) { a.Context.ClientName, a.Context.Place = "メール 📬", "東京" }},
	} {
		a := exampleApproval()
		row.change(&a)
		hash, question := ApprovalHash(a), Question(a)
		vectors = append(vectors, vector{
			row.name, a, hex.EncodeToString(a.Context.Canonical()), hex.EncodeToString(a.Canonical()), hash[:], question[:],
		})
	}
	compareVectors(t, "approval.json", map[string]any{
		"about":   `hash = SHA-256("nod-approve-v1" || canonical); question = SHA-256("nod-question-v1" || canonical without the number and with the verdict "approve"); both in base64url`,
		"vectors": vectors,
	})
}

func TestPasscodeVectors(t *testing.T) {
	type push struct {
		Secret   Bytes  `json:"secret"`
		Question Bytes  `json:"question"`
		Passcode string `json:"passcode"`
	}
	type typed struct {
		Secret   Bytes  `json:"secret"`
		Time     Time   `json:"time"`
		Passcode string `json:"passcode"`
	}
	question := Question(exampleApproval())
	var pushes []push
	for _, row := range []push{
		{Secret: sequence(0, 32), Question: make([]byte, 32)},
		{Secret: sequence(0, 32), Question: question[:]},
		{Secret: sequence(100, 32), Question: question[:]},
		{Secret: sequence(0, 32), Question: sequence(224, 32)},
	} {
		passcode, err := otp.PushPasscode(row.Secret, row.Question)
		if err != nil {
			t.Fatal(err)
		}
		row.Passcode = passcode
		pushes = append(pushes, row)
	}
	var typeds []typed
	for _, at := range []time.Time{testNow, testNow.Add(29999 * time.Millisecond), testNow.Add(30 * time.Second), time.Unix(20_000_000_000, 0)} {
		passcode, err := otp.TOTP{}.Code(sequence(0, 32), at)
		if err != nil {
			t.Fatal(err)
		}
		typeds = append(typeds, typed{sequence(0, 32), At(at), passcode})
	}
	compareVectors(t, "passcode.json", map[string]any{
		"about": "push: " + otp.PushSuite + " (RFC 6287); typed: TOTP with SHA-256, 6 digits, 30 s (RFC 6238); binary values in base64url",
		"push":  pushes,
		"typed": typeds,
	})
}

func TestFingerprintVectors(t *testing.T) {
	type vector struct {
		Key         json.RawMessage `json:"key"`
		Thumbprint  string          `json:"thumbprint"`
		Fingerprint string          `json:"fingerprint"`
	}
	var vectors []vector
	for _, jwk := range []string{rfc9449Key, publicJWK(t, fixedKey(t))} {
		key, err := ParseKey([]byte(jwk))
		if err != nil {
			t.Fatal(err)
		}
		canonical, err := MarshalKey(key)
		if err != nil {
			t.Fatal(err)
		}
		thumbprint, err := Thumbprint(key)
		if err != nil {
			t.Fatal(err)
		}
		fingerprint, err := Fingerprint(key)
		if err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, vector{canonical, thumbprint, fingerprint})
	}
	compareVectors(t, "fingerprint.json", map[string]any{
		"about":   "thumbprint: RFC 7638 with SHA-256, in base64url; fingerprint: its first 10 bytes in Crockford base32, in groups of four. The first key is that of RFC 9449.",
		"vectors": vectors,
	})
}

func TestPINVectors(t *testing.T) {
	type vector struct {
		Secret Bytes   `json:"pin_secret"`
		PIN    string  `json:"pin"`
		Half   Bytes   `json:"pin_half"`
		Stream Bytes   `json:"stream"`
		Seal   PINSeal `json:"seal"`
		// What the next PIN opens the seal to.
		WrongPIN    string `json:"wrong_pin"`
		WrongOpened Bytes  `json:"wrong_opened"`
	}
	var vectors []vector
	for _, v := range []vector{
		{PIN: "1234", WrongPIN: "1235"}, {PIN: "000000000000", WrongPIN: "00000000000"},
	} {
		v.Secret, v.Half = sequence(0, 32), sequence(64, 32)
		var err error
		if v.Seal, err = SealPIN(v.Secret, v.PIN, sequence(200, 16), v.Half, 0); err != nil {
			t.Fatal(err)
		}
		v.Stream = make([]byte, PINSecretSize)
		subtle.XORBytes(v.Stream, v.Secret, v.Seal.Sealed)
		if v.WrongOpened, err = OpenPIN(v.Seal, v.WrongPIN, v.Half); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	compareVectors(t, "pin.json", map[string]any{
		"about":   `stream = HKDF-SHA256(ikm = PBKDF2-HMAC-SHA256(pin, salt, iterations, 32) || pin_half, salt = none, info = "nod-pin-v1", 32); sealed = pin_secret XOR stream; all in base64url`,
		"vectors": vectors,
	})
}

// TestMessageVectors keeps an example of every message, so that a change of
// the wire format shows in a diff.
func TestMessageVectors(t *testing.T) {
	a := exampleApproval()
	hash := ApprovalHash(a)
	request := Request{
		ID: a.Challenge, Nonce: a.Nonce, Client: Client{ID: "mail", Name: "Mail"}, Account: a.Account, Context: a.Context,
		MatchDigits: 2, State: StatePending, CreatedAt: At(testNow), ExpiresAt: a.Expires, NewNetwork: true,
	}
	opened := request
	opened.DistanceKM, opened.Far, opened.NewCountry = new(412), true, true
	type exchange struct {
		Verb   string `json:"verb"`
		Sent   any    `json:"sent"`
		Answer any    `json:"answer"`
	}
	delivered, snoozed := At(testNow.Add(-3*time.Minute)), At(testNow.Add(time.Hour))
	exchanges := []exchange{
		{VerbEnrolBegin, EnrolBegin{Token: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Name: "Zoë's phone", Kind: KindNative, Wants: VerifyPIN}, EnrolBegun{
			DeviceID: "dev_1", Issuer: a.Issuer, Account: Account{ID: "usr_1", Name: "zoe", DisplayName: "Zoë"},
			Verification: VerifyPIN, MatchDigits: 2, PushSecret: sequence(0, 32), TypedSecret: sequence(32, 32),
			PINSecret: sequence(64, 32), PINSalt: sequence(96, 16), PINHalf: sequence(128, 32), PINIterations: PINIterations,
			Question: sequence(160, 32), Fingerprint: "E742-RWB4-HSCD-FEYD", State: EnrolStateProve,
		}},
		{VerbEnrolBegin, EnrolBegin{Token: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Name: "Zoë's Pixel", Kind: KindWeb, Wants: VerifyBiometric}, EnrolBegun{
			DeviceID: "dev_2", Issuer: a.Issuer, Account: Account{ID: "usr_1", Name: "zoe", DisplayName: "Zoë"},
			Verification: VerifyBiometric, MatchDigits: 2, PushSecret: sequence(0, 32), TypedSecret: sequence(32, 32),
			Question: sequence(160, 32), Fingerprint: "E742-RWB4-HSCD-FEYD", State: EnrolStateCredential, Credential: creationOptions,
			PushKey:    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
			ConfirmURL: a.Issuer + "/account/confirm",
		}},
		{VerbEnrolBegin, EnrolBegin{Token: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Name: "Old browser", Kind: KindWeb, Wants: VerifyPIN}, &Error{
			Code: ErrVerificationRefused, Message: "This device does not offer the verification that the account demands.", ServerTime: At(testNow),
		}},
		{VerbEnrolCredential, EnrolCredential{Credential: registration}, EnrolStatus{State: EnrolStateProve, Fingerprint: "E742-RWB4-HSCD-FEYD"}},
		{VerbSubscribe, Subscribe{Subscription: subscription}, PushState{PushOn: true, Push: Channel{On: true, Subscribed: true}}},
		{VerbSubscribe, Subscribe{Blocked: BlockedDenied}, PushState{PushOn: true, Push: Channel{On: true, Blocked: BlockedDenied}}},
		{VerbEnrolProve, EnrolProve{Passcode: "123456", PINPasscode: "654321"}, EnrolStatus{State: EnrolStateConfirm, Fingerprint: "E742-RWB4-HSCD-FEYD"}},
		{VerbEnrolProve, EnrolProve{Passcode: "123456"}, EnrolStatus{State: EnrolStateConfirm, Fingerprint: "E742-RWB4-HSCD-FEYD"}},
		{VerbEnrolStatus, Empty{}, EnrolStatus{State: EnrolStateActive, Fingerprint: "E742-RWB4-HSCD-FEYD"}},
		{VerbRequests, Empty{}, Requests{
			Requests: []Request{request}, PushOn: true, ServerTime: At(testNow), Name: "Zoë's phone",
			Push:    Channel{On: true, Subscribed: true, DeliveredAt: &delivered},
			Notices: []Notice{{ID: "ntc_1", Kind: "device_added", About: "Zoë's Pixel", At: At(testNow)}},
		}},
		{VerbRequest, ChallengeRef{Challenge: "chl_1"}, opened},
		{VerbPINHalf, ChallengeRef{Challenge: "chl_1"}, PINHalf{Half: sequence(128, 32)}},
		{VerbAnswer, Answer{Challenge: "chl_1", Verdict: Approve, Number: "42", Passcode: "123456", Hash: hash[:]}, Answered{State: StateApproved}},
		{VerbAnswer, Answer{Challenge: "chl_1", Verdict: Deny}, Answered{State: StateDenied}},
		{VerbAnswer, Answer{Challenge: "chl_1", Verdict: Approve, Number: "24", Passcode: "123456", Hash: hash[:]}, &Error{
			Code: ErrWrongNumber, Message: "That is not the number on the login page.", TriesLeft: new(2), ServerTime: At(testNow),
		}},
		{VerbAnswer, Answer{Challenge: "chl_1", Verdict: Approve, Number: "42", Passcode: "123456", Hash: hash[:], Assertion: assertion}, Answered{State: StateApproved}},
		{VerbPush, PushSetting{On: new(false)}, PushState{PushOn: false, Push: Channel{Subscribed: true}}},
		{VerbNoticeSeen, NoticeRef{Notice: "ntc_1"}, Empty{}},
		{VerbSnooze, Snooze{Until: &snoozed}, PushState{PushOn: true, Push: Channel{On: true, Subscribed: true, SnoozedUntil: &snoozed}}},
		{VerbSnooze, Snooze{}, PushState{PushOn: true, Push: Channel{On: true, Subscribed: true}}},
	}
	compareVectors(t, "messages.json", map[string]any{
		"about":     "one example of every message",
		"exchanges": exchanges,
	})
	for _, e := range exchanges {
		sent, err := json.Marshal(e.Sent)
		if err != nil {
			t.Fatal(err)
		}
		into := map[string]any{
			VerbEnrolBegin: &EnrolBegin{}, VerbEnrolProve: &EnrolProve{}, VerbEnrolStatus: &Empty{}, VerbRequests: &Empty{},
			VerbRequest: &ChallengeRef{}, VerbPINHalf: &ChallengeRef{}, VerbAnswer: &Answer{}, VerbPush: &PushSetting{},
			VerbEnrolCredential: &EnrolCredential{}, VerbSubscribe: &Subscribe{}, VerbNoticeSeen: &NoticeRef{}, VerbSnooze: &Snooze{},
		}[e.Verb]
		if err := Decode(sent, into); err != nil {
			t.Errorf("%s: got %v", e.Verb, err)
		}
	}
}

// What browsers make, cut short where it goes on for long.
var (
	creationOptions = json.RawMessage(`{"rp":{"name":"Northwind","id":"login.example.com"},"user":{"name":"zoe","displayName":"Zoë","id":"AAEC"},` +
		`"challenge":"8J2k","pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"userVerification":"required"}}`)
	registration = json.RawMessage(`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"},"clientExtensionResults":{}}`)
	assertion    = json.RawMessage(`{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"MA"},"clientExtensionResults":{}}`)
	subscription = json.RawMessage(`{"endpoint":"https://updates.push.services.mozilla.com/wpush/v2/gAAAA","keys":{"p256dh":"BOr","auth":"k8J"}}`)
)

func TestVectorsRegistration(t *testing.T) {
	r := Registration{
		Issuer: "https://login.example.com", Enrolment: "enr_1", Device: "dev_2", Account: "usr_1",
		Thumbprint: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", Question: sequence(160, 32),
	}
	challenge := RegistrationChallenge(r)
	compareVectors(t, "registration.json", map[string]any{
		"about":  "the challenge of the ceremony that makes a device's WebAuthn credential",
		"issuer": r.Issuer, "enrolment": r.Enrolment, "device": r.Device, "account": r.Account, "thumbprint": r.Thumbprint,
		"question": Bytes(r.Question), "challenge": Bytes(challenge[:]),
	})
	for name, changed := range map[string]Registration{
		"another server":    {"https://other.example.com", r.Enrolment, r.Device, r.Account, r.Thumbprint, r.Question},
		"another link":      {r.Issuer, "enr_2", r.Device, r.Account, r.Thumbprint, r.Question},
		"another device":    {r.Issuer, r.Enrolment, "dev_3", r.Account, r.Thumbprint, r.Question},
		"another person":    {r.Issuer, r.Enrolment, r.Device, "usr_2", r.Thumbprint, r.Question},
		"another key":       {r.Issuer, r.Enrolment, r.Device, r.Account, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J", r.Question},
		"another question":  {r.Issuer, r.Enrolment, r.Device, r.Account, r.Thumbprint, sequence(161, 32)},
		"a character moved": {r.Issuer, r.Enrolment + "d", "ev_2", r.Account, r.Thumbprint, r.Question},
	} {
		if RegistrationChallenge(changed) == challenge {
			t.Errorf("%s: the challenge is the same", name)
		}
	}
}
