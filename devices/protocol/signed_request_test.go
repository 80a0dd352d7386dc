package protocol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

const (
	testURL    = "https://login.example.com"
	testDevice = "dev_0123456789abcdef0123456789abcdef"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newVerifier(t testing.TB) *Verifier {
	t.Helper()
	v, err := NewVerifier(testURL, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func publicJWK(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	jwk, err := MarshalKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(jwk)
}

// forge signs any header and payload, however wrong, with ES256.
func forge(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + encode(signature)
}

func TestASignedRequestReachesTheServerWhole(t *testing.T) {
	key := newKey(t)
	signer := &Signer{Key: key, DeviceID: testDevice, PublicURL: testURL}
	body, proof, err := signer.Sign(VerbRequest, ChallengeRef{Challenge: "chl_1"}, testNow)
	if err != nil {
		t.Fatal(err)
	}
	request, err := ParseRequest(VerbRequest, body)
	if err != nil {
		t.Fatal(err)
	}
	if request.DeviceID != testDevice || request.Key != nil {
		t.Errorf("got device %q and key %v, want %q and none", request.DeviceID, request.Key, testDevice)
	}
	payload, checked, err := newVerifier(t).Verify(request, &key.PublicKey, proof, testNow)
	if err != nil {
		t.Fatal(err)
	}
	var message ChallengeRef
	if err := Decode(payload, &message); err != nil || message.Challenge != "chl_1" {
		t.Errorf("got %+v (%v), want chl_1", message, err)
	}
	want, err := Thumbprint(&key.PublicKey)
	if err != nil || checked.Thumbprint != want || checked.ID == "" || !checked.Expires.Equal(testNow.Add(ClockWindow)) {
		t.Errorf("got proof %+v (%v), want thumbprint %s until a minute later", checked, err, want)
	}
}

func TestANewDeviceNamesItsOwnKeyOnce(t *testing.T) {
	key := newKey(t)
	signer := &Signer{Key: key, PublicURL: testURL}
	message := EnrolBegin{Token: "t", Name: "Pixel", Kind: KindWeb, Wants: VerifyBiometric}
	body, proof, err := signer.Sign(VerbEnrolBegin, message, testNow)
	if err != nil {
		t.Fatal(err)
	}
	request, err := ParseRequest(VerbEnrolBegin, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := newVerifier(t).Verify(request, request.Key, proof, testNow); err != nil {
		t.Errorf("under its own key: got %v", err)
	}
	if _, _, err := newVerifier(t).Verify(request, &newKey(t).PublicKey, proof, testNow); !errors.Is(err, ErrInvalidProof) {
		t.Errorf("under another key: got %v, want %v", err, ErrInvalidProof)
	}
	if _, err := ParseRequest(VerbAnswer, body); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("a key named to another verb: got %v, want %v", err, ErrInvalidRequest)
	}
	if _, _, err := signer.Sign(VerbRequests, Empty{}, testNow); err == nil {
		t.Error("a device without an id signed a request")
	}
}

func TestParseRequestRefusesEveryOtherEnvelope(t *testing.T) {
	key := newKey(t)
	jwk := publicJWK(t, key)
	good := `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1"}`
	if _, err := ParseRequest(VerbRequests, []byte(forge(t, key, good, "{}"))); err != nil {
		t.Fatalf("the good header: got %v", err)
	}
	for name, header := range map[string]string{
		"no algorithm":           `{"typ":"nod-device+jwt","kid":"dev_1"}`,
		"alg none":               `{"alg":"none","typ":"nod-device+jwt","kid":"dev_1"}`,
		"alg HS256":              `{"alg":"HS256","typ":"nod-device+jwt","kid":"dev_1"}`,
		"alg ES384":              `{"alg":"ES384","typ":"nod-device+jwt","kid":"dev_1"}`,
		"no type":                `{"alg":"ES256","kid":"dev_1"}`,
		"a proof's type":         `{"alg":"ES256","typ":"dpop+jwt","kid":"dev_1"}`,
		"a type in capitals":     `{"alg":"ES256","typ":"NOD-device+jwt","kid":"dev_1"}`,
		"neither kid nor jwk":    `{"alg":"ES256","typ":"nod-device+jwt"}`,
		"both kid and jwk":       `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","jwk":` + jwk + `}`,
		"kid with an empty jwk":  `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","jwk":null}`,
		"an empty kid":           `{"alg":"ES256","typ":"nod-device+jwt","kid":""}`,
		"a kid with spaces":      `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev 1"}`,
		"a kid that is a number": `{"alg":"ES256","typ":"nod-device+jwt","kid":1}`,
		"kid twice":              `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","kid":"dev_2"}`,
		"kid in capitals":        `{"alg":"ES256","typ":"nod-device+jwt","KID":"dev_1"}`,
		"jku":                    `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","jku":"https://evil.example"}`,
		"x5u":                    `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","x5u":"https://evil.example"}`,
		"x5c":                    `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","x5c":[]}`,
		"crit":                   `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1","crit":["b64"],"b64":true}`,
		"a header that is null":  `null`,
		"a header in an array":   `[]`,
		"no JSON":                `{`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRequest(VerbRequests, []byte(forge(t, key, header, "{}")))
			if !errors.Is(err, ErrInvalidRequest) {
				t.Errorf("got %v, want %v", err, ErrInvalidRequest)
			}
		})
	}
	whole := forge(t, key, good, "{}")
	for name, body := range map[string]string{
		"nothing":           "",
		"two parts":         whole[:strings.LastIndex(whole, ".")],
		"four parts":        whole + ".",
		"a trailing break":  whole + "\n",
		"a leading space":   " " + whole,
		"padding":           whole + "==",
		"JSON serialised":   `{"payload":"e30"}`,
		"a quoted envelope": `"` + whole + `"`,
	} {
		if _, err := ParseRequest(VerbRequests, []byte(body)); !errors.Is(err, ErrInvalidRequest) {
			t.Errorf("%s: got %v, want %v", name, err, ErrInvalidRequest)
		}
	}
	if _, err := ParseRequest("no-such-verb", []byte(whole)); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("unknown verb: got %v, want %v", err, ErrInvalidRequest)
	}
	if _, err := ParseRequest(VerbRequests, make([]byte, MaxBody+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large body: got %v, want %v", err, ErrTooLarge)
	}
}

func TestAnyFlippedCharacterOfARequestIsRefused(t *testing.T) {
	key := newKey(t)
	signer := &Signer{Key: key, DeviceID: testDevice, PublicURL: testURL}
	body, proof, err := signer.Sign(VerbPush, PushSetting{}, testNow)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t)
	check := func(body, proof []byte) error {
		request, err := ParseRequest(VerbPush, body)
		if err != nil {
			return err
		}
		_, _, err = v.Verify(request, &key.PublicKey, string(proof), testNow)
		return err
	}
	if err := check(body, []byte(proof)); err != nil {
		t.Fatal(err)
	}
	flip := func(text []byte, at int) []byte {
		flipped := bytes.Clone(text)
		if flipped[at] == 'A' {
			flipped[at] = 'B'
		} else {
			flipped[at] = 'A'
		}
		return flipped
	}
	for at := range body {
		if err := check(flip(body, at), []byte(proof)); err == nil {
			t.Errorf("body, character %d: got no error", at)
		}
	}
	for at := range proof {
		if err := check(body, flip([]byte(proof), at)); err == nil {
			t.Errorf("proof, character %d: got no error", at)
		}
	}
}
