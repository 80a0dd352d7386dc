package protocol

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"testing"
)

// fixedKey makes fuzzing repeatable.
func fixedKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	secret := make([]byte, 32)
	secret[31] = 7
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func FuzzParseRequest(f *testing.F) {
	key := fixedKey(f)
	jwk := publicJWK(f, key)
	f.Add(VerbRequests, []byte(forge(f, key, `{"alg":"ES256","typ":"nod-device+jwt","kid":"dev_1"}`, "{}")))
	f.Add(VerbEnrolBegin, []byte(forge(f, key, `{"alg":"ES256","typ":"nod-device+jwt","jwk":`+jwk+`}`, "{}")))
	f.Add(VerbAnswer, []byte("e30.e30.e30"))
	f.Fuzz(func(t *testing.T, verb string, body []byte) {
		request, err := ParseRequest(verb, body)
		if err != nil {
			if !errors.Is(err, ErrInvalidRequest) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("got %v, which has no code", err)
			}
			return
		}
		if (request.DeviceID == "") == (request.Key == nil) {
			t.Errorf("got device %q and key %v, want one of them", request.DeviceID, request.Key)
		}
	})
}

func FuzzVerifyProof(f *testing.F) {
	key, v := fixedKey(f), newVerifier(f)
	signer := &Signer{Key: key, DeviceID: testDevice, PublicURL: testURL}
	body, proof, err := signer.Sign(VerbRequests, Empty{}, testNow)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(proof)
	f.Add("")
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := v.VerifyProof(text, &key.PublicKey, VerbRequests, body, testNow)
		if err == nil && text != proof {
			// The corpus may hold a proof of an earlier run, signed as rightly.
			if _, err := openProof(text, &key.PublicKey); err != nil {
				t.Errorf("%q: accepted, though %v", text, err)
			}
		}
		var code Code
		if err != nil && !errors.As(err, &code) {
			t.Errorf("got %v, which has no code", err)
		}
	})
}

// FuzzProofClaims signs whatever claims it is given, to get past the signature.
func FuzzProofClaims(f *testing.F) {
	key, v := fixedKey(f), newVerifier(f)
	header := `{"alg":"ES256","typ":"dpop+jwt","jwk":` + publicJWK(f, key) + `}`
	f.Add(`{"htm":"POST","htu":"https://login.example.com/device/v1/push","iat":1772366400,"jti":"0123456789abcdef","bh":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}`)
	f.Add(`{"iat":1e3,"nonce":"AQ"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		got, err := v.VerifyProof(forge(t, key, header, payload), &key.PublicKey, VerbPush, nil, testNow)
		var code Code
		if err != nil && !errors.As(err, &code) {
			t.Errorf("got %v, which has no code", err)
		}
		if err == nil && (len(got.ID) < 16 || got.Expires.Before(testNow)) {
			t.Errorf("%s: got %+v", payload, got)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(rfc9449Key))
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"","y":""}`))
	f.Fuzz(func(t *testing.T, jwk []byte) {
		key, err := ParseKey(jwk)
		if err != nil {
			return
		}
		canonical, err := MarshalKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseKey(canonical); err != nil || !again.Equal(key) {
			t.Errorf("%q: did not survive a round trip: %v", jwk, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"challenge":"c","verdict":"deny"}`))
	f.Add([]byte(`{"token":"t","name":"n","kind":"web","wants":"pin"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, into := range []any{&Answer{}, &EnrolBegin{}, &ChallengeRef{}, &PushSetting{}, &Request{}} {
			if err := Decode(payload, into); err != nil && !errors.Is(err, ErrInvalidRequest) {
				t.Errorf("%T: got %v, want %v", into, err, ErrInvalidRequest)
			}
		}
	})
}
