package protocol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAProofCountsForOneRequestOnly(t *testing.T) {
	key, other := newKey(t), newKey(t)
	jwk := publicJWK(t, key)
	body := []byte("body")
	header := `{"alg":"ES256","typ":"dpop+jwt","jwk":` + jwk + `}`
	payload := fmt.Sprintf(`{"htm":"POST","htu":"https://login.example.com/device/v1/answer","iat":%d,"jti":"0123456789abcdef","bh":"%s"}`,
		testNow.Unix(), bodyHash(body))
	replace := func(old, new string) string {
		if !strings.Contains(payload, old) {
			t.Fatalf("payload has no %q", old)
		}
		return strings.Replace(payload, old, new, 1)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	iat := strconv.FormatInt(testNow.Unix(), 10)
	private := strings.TrimSuffix(jwk, "}") + `,"d":"` + base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + `"}`
	for name, row := range map[string]struct {
		proof string
		want  error
	}{
		"the right proof":               {forge(t, key, header, payload), nil},
		"with unknown claims":           {forge(t, key, header, replace(`{"htm"`, `{"ath":"x","htm"`)), nil},
		"a GET":                         {forge(t, key, header, replace("POST", "GET")), ErrInvalidProof},
		"a method in lower case":        {forge(t, key, header, replace("POST", "post")), ErrInvalidProof},
		"another verb":                  {forge(t, key, header, replace("/answer", "/pin-half")), ErrInvalidProof},
		"another host":                  {forge(t, key, header, replace("login.", "evil.")), ErrInvalidProof},
		"http":                          {forge(t, key, header, replace("https:", "http:")), ErrInvalidProof},
		"a query":                       {forge(t, key, header, replace("/answer", "/answer?")), ErrInvalidProof},
		"a port":                        {forge(t, key, header, replace(".com", ".com:443")), ErrInvalidProof},
		"another body":                  {forge(t, key, header, replace(bodyHash(body), bodyHash(nil))), ErrInvalidProof},
		"no body hash":                  {forge(t, key, header, replace(`"bh"`, `"ah"`)), ErrInvalidProof},
		"no iat":                        {forge(t, key, header, replace(`"iat"`, `"nbf"`)), ErrInvalidProof},
		"iat null":                      {forge(t, key, header, replace(iat, "null")), ErrInvalidProof},
		"iat a text":                    {forge(t, key, header, replace(iat, `"`+iat+`"`)), ErrInvalidProof},
		"iat a fraction":                {forge(t, key, header, replace(iat, iat+".5")), ErrInvalidProof},
		"iat negative":                  {forge(t, key, header, replace(iat, "-1")), ErrInvalidProof},
		"iat beyond all time":           {forge(t, key, header, replace(iat, "9223372036854775807")), ErrInvalidProof},
		"iat a minute old":              {forge(t, key, header, replace(iat, strconv.FormatInt(testNow.Unix()-60, 10))), nil},
		"iat 61 seconds old":            {forge(t, key, header, replace(iat, strconv.FormatInt(testNow.Unix()-61, 10))), ErrUseNonce},
		"iat 61 seconds ahead":          {forge(t, key, header, replace(iat, strconv.FormatInt(testNow.Unix()+61, 10))), ErrUseNonce},
		"no jti":                        {forge(t, key, header, replace(`"jti"`, `"jtj"`)), ErrInvalidProof},
		"a short jti":                   {forge(t, key, header, replace("0123456789abcdef", "0123456789abcde")), ErrInvalidProof},
		"a long jti":                    {forge(t, key, header, replace("0123456789abcdef", strings.Repeat("a", 65))), ErrInvalidProof},
		"a jti with spaces":             {forge(t, key, header, replace("0123456789abcdef", "0123456789 abcdef")), ErrInvalidProof},
		"jti twice":                     {forge(t, key, header, replace(`{"htm"`, `{"jti":"fedcba9876543210","htm"`)), ErrInvalidProof},
		"claims in an array":            {forge(t, key, header, "["+payload+"]"), ErrInvalidProof},
		"claims that are not UTF-8":     {forge(t, key, header, replace(`{"htm"`, "{\"x\":\"\xff\",\"htm\"")), ErrInvalidProof},
		"another key's signature":       {forge(t, other, header, payload), ErrInvalidProof},
		"another key altogether":        {forge(t, other, strings.Replace(header, jwk, publicJWK(t, other), 1), payload), ErrInvalidProof},
		"a body's type":                 {forge(t, key, strings.Replace(header, "dpop+jwt", "nod-device+jwt", 1), payload), ErrInvalidProof},
		"kid instead of jwk":            {forge(t, key, `{"alg":"ES256","typ":"dpop+jwt","kid":"dev_1"}`, payload), ErrInvalidProof},
		"jwk twice":                     {forge(t, key, strings.Replace(header, `{"alg"`, `{"jwk":`+jwk+`,"alg"`, 1), payload), ErrInvalidProof},
		"a private key in the header":   {forge(t, key, strings.Replace(header, jwk, private, 1), payload), ErrInvalidProof},
		"a key with certificates":       {forge(t, key, strings.Replace(header, `"crv"`, `"x5c":"x","crv"`, 1), payload), ErrInvalidProof},
		"a symmetric key":               {forge(t, key, strings.Replace(header, jwk, `{"kty":"oct","k":"AAAA"}`, 1), payload), ErrInvalidProof},
		"the right key named P-384":     {forge(t, key, strings.Replace(header, "P-256", "P-384", 1), payload), ErrInvalidProof},
		"a critical parameter":          {forge(t, key, strings.Replace(header, `{"alg"`, `{"crit":["exp"],"exp":1,"alg"`, 1), payload), ErrInvalidProof},
		"no proof":                      {"", ErrInvalidProof},
		"two proofs joined by a comma":  {forge(t, key, header, payload) + ", " + forge(t, key, header, payload), ErrInvalidProof},
		"a proof of more than its size": {strings.Repeat("a", MaxProof+1), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newVerifier(t).VerifyProof(row.proof, &key.PublicKey, VerbAnswer, body, testNow)
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	for name, stored := range map[string]*ecdsa.PublicKey{"no stored key": nil, "a stored key on P-384": &p384.PublicKey} {
		if _, err := newVerifier(t).VerifyProof(forge(t, key, header, payload), stored, VerbAnswer, body, testNow); !errors.Is(err, ErrInvalidProof) {
			t.Errorf("%s: got %v, want %v", name, err, ErrInvalidProof)
		}
	}
}

func TestADeviceWithAWrongClockIsHelpedByANonce(t *testing.T) {
	key, v := newKey(t), newVerifier(t)
	signer := &Signer{Key: key, DeviceID: testDevice, PublicURL: testURL}
	deviceNow := testNow.Add(-37 * time.Hour)
	send := func(at, server time.Time) (Proof, error) {
		t.Helper()
		body, proof, err := signer.Sign(VerbRequests, Empty{}, at)
		if err != nil {
			t.Fatal(err)
		}
		return v.VerifyProof(proof, &key.PublicKey, VerbRequests, body, server)
	}
	if _, err := send(deviceNow, testNow); !errors.Is(err, ErrUseNonce) {
		t.Fatalf("a day late: got %v, want %v", err, ErrUseNonce)
	}
	nonce := v.Nonce(testNow)
	if err := signer.Learn(nonce, deviceNow); err != nil {
		t.Fatal(err)
	}
	if signer.Offset != 37*time.Hour {
		t.Errorf("got offset %v, want 37 h", signer.Offset)
	}
	if _, err := send(deviceNow.Add(time.Second), testNow.Add(time.Second)); err != nil {
		t.Errorf("with the nonce: got %v", err)
	}
	if _, err := send(deviceNow.Add(time.Hour), testNow.Add(time.Hour)); err != nil {
		t.Errorf("an hour later, by the offset alone: got %v", err)
	}
	made, err := NonceTime(nonce)
	if err != nil || !made.Equal(testNow) {
		t.Errorf("got nonce time %v (%v), want %v", made, err, testNow)
	}
}

func TestANonceOverrulesTheIatForAMinute(t *testing.T) {
	key, v := newKey(t), newVerifier(t)
	foreign, err := NewVerifier(testURL, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"ES256","typ":"dpop+jwt","jwk":` + publicJWK(t, key) + `}`
	nonce := v.Nonce(testNow)
	tampered := []byte(nonce)
	tampered[5] ^= 1
	for name, row := range map[string]struct {
		nonce string
		iat   time.Time
		now   time.Time
		want  error
		until time.Time
	}{
		"a fresh nonce, an old iat":       {nonce, time.Unix(5, 0), testNow, nil, testNow.Add(ClockWindow)},
		"a nonce at its end":              {nonce, time.Unix(5, 0), testNow.Add(60 * time.Second), nil, testNow.Add(ClockWindow)},
		"a nonce after its end":           {nonce, time.Unix(5, 0), testNow.Add(61 * time.Second), ErrUseNonce, time.Time{}},
		"a nonce from the future":         {nonce, time.Unix(5, 0), testNow.Add(-61 * time.Second), ErrUseNonce, time.Time{}},
		"an old nonce, a right iat":       {nonce, testNow.Add(time.Hour), testNow.Add(time.Hour), nil, testNow.Add(time.Hour + ClockWindow)},
		"both, the iat longer":            {nonce, testNow.Add(30 * time.Second), testNow, nil, testNow.Add(90 * time.Second)},
		"both, the nonce longer":          {nonce, testNow.Add(-30 * time.Second), testNow, nil, testNow.Add(ClockWindow)},
		"another server's nonce":          {foreign.Nonce(testNow), time.Unix(5, 0), testNow, ErrUseNonce, time.Time{}},
		"a changed nonce":                 {string(tampered), time.Unix(5, 0), testNow, ErrUseNonce, time.Time{}},
		"a nonce of an unknown version":   {"B" + nonce[1:], time.Unix(5, 0), testNow, ErrUseNonce, time.Time{}},
		"a nonce that is none":            {"x", time.Unix(5, 0), testNow, ErrUseNonce, time.Time{}},
		"no nonce, and an iat of 1970":    {"", time.Unix(0, 0), testNow, ErrUseNonce, time.Time{}},
		"a nonce with something appended": {nonce + "AA", time.Unix(5, 0), testNow, ErrUseNonce, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			payload := fmt.Sprintf(`{"htm":"POST","htu":"%s","iat":%d,"jti":"0123456789abcdef","bh":"%s","nonce":"%s"}`,
				URL(testURL, VerbStream), row.iat.Unix(), bodyHash(nil), row.nonce)
			got, err := v.VerifyProof(forge(t, key, header, payload), &key.PublicKey, VerbStream, nil, row.now)
			if !errors.Is(err, row.want) || !got.Expires.Equal(row.until) {
				t.Errorf("got %v until %v, want %v until %v", err, got.Expires, row.want, row.until)
			}
		})
	}
}

func TestNewVerifierRefusesWeakKeysAndOddURLs(t *testing.T) {
	strong := make([]byte, 32)
	for name, err := range map[string]error{
		"no key":      second(NewVerifier(testURL, nil)),
		"a short key": second(NewVerifier(testURL, strong[:31])),
		"no URL":      second(NewVerifier("", strong)),
		"no scheme":   second(NewVerifier("login.example.com", strong)),
		"a query":     second(NewVerifier(testURL+"?a=b", strong)),
		"a fragment":  second(NewVerifier(testURL+"#a", strong)),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if got, want := URL(testURL+"/id/", VerbPush), testURL+"/id/device/v1/push"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func second(_ *Verifier, err error) error { return err }
