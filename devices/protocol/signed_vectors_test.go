package protocol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// signedVector is one request as a device sends it. ECDSA is random, so these
// are verified, not compared; an implementation should verify them likewise.
type signedVector struct {
	Verb     string          `json:"verb"`
	DeviceID string          `json:"device_id,omitempty"`
	Message  json.RawMessage `json:"message"`
	IssuedAt int64           `json:"iat"`
	Nonce    string          `json:"nonce,omitempty"`
	Body     string          `json:"body"`
	Proof    string          `json:"dpop"`
}

type signedVectors struct {
	About      string            `json:"about"`
	PublicURL  string            `json:"public_url"`
	PrivateKey map[string]string `json:"private_key"`
	NonceKey   Bytes             `json:"nonce_key"`
	ServerTime Time              `json:"server_time"`
	Nonce      string            `json:"nonce_at_server_time"`
	Requests   []signedVector    `json:"requests"`
}

func TestSignedRequestVectors(t *testing.T) {
	key := fixedKey(t)
	v := newVerifier(t)
	if *update {
		compareVectors(t, "signed_request.json", signVectors(t, key, v))
	}
	data, err := os.ReadFile("testdata/signed_request.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored signedVectors
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	if got := v.Nonce(stored.ServerTime.Time); got != stored.Nonce {
		t.Errorf("got nonce %s, want %s", got, stored.Nonce)
	}
	secret, err := decodeBase64URL([]byte(stored.PrivateKey["d"]))
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret); err != nil || !parsed.Equal(key) {
		t.Errorf("got another private key (%v)", err)
	}
	if len(stored.Requests) != 3 {
		t.Errorf("got %d requests, want 3", len(stored.Requests))
	}
	for _, row := range stored.Requests {
		request, err := ParseRequest(row.Verb, []byte(row.Body))
		if err != nil {
			t.Fatalf("%s: %v", row.Verb, err)
		}
		payload, _, err := v.Verify(request, &key.PublicKey, row.Proof, stored.ServerTime.Time)
		if err != nil {
			t.Fatalf("%s: %v", row.Verb, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, row.Message); err != nil || !bytes.Equal(payload, compact.Bytes()) {
			t.Errorf("%s: got message %s (%v), want %s", row.Verb, payload, err, compact.Bytes())
		}
		claims, err := openProof(row.Proof, &key.PublicKey)
		if err != nil || *claims.IssuedAt != row.IssuedAt || claims.Nonce != row.Nonce || request.DeviceID != row.DeviceID {
			t.Errorf("%s: got claims %+v (%v) by %q, want %+v", row.Verb, claims, err, request.DeviceID, row)
		}
	}
}

func signVectors(t *testing.T, key *ecdsa.PrivateKey, v *Verifier) signedVectors {
	t.Helper()
	var jwk map[string]string
	if err := json.Unmarshal([]byte(publicJWK(t, key)), &jwk); err != nil {
		t.Fatal(err)
	}
	secret, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text, err := Bytes(secret).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	jwk["d"] = string(text)
	hash := ApprovalHash(exampleApproval())
	vectors := signedVectors{
		About:     "requests that a server with this nonce key accepts at server_time from the device with this key; the third has a clock that is an hour slow and a nonce",
		PublicURL: testURL, PrivateKey: jwk, NonceKey: v.nonceKey, ServerTime: At(testNow), Nonce: v.Nonce(testNow),
	}
	for _, row := range []struct {
		verb, device, nonce string
		message             any
		at                  time.Time
	}{
		{VerbEnrolBegin, "", "", EnrolBegin{Token: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Name: "Zoë's phone", Kind: KindNative, Wants: VerifyPIN}, testNow},
		{VerbAnswer, "dev_1", "", Answer{Challenge: "chl_1", Verdict: Approve, Number: "42", Passcode: "123456", Hash: hash[:]}, testNow.Add(30 * time.Second)},
		{VerbRequests, "dev_1", vectors.Nonce, Empty{}, testNow.Add(-time.Hour)},
	} {
		signer := &Signer{Key: key, DeviceID: row.device, PublicURL: testURL}
		message, err := json.Marshal(row.message)
		if err != nil {
			t.Fatal(err)
		}
		body, proof, err := signer.Sign(row.verb, row.message, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if row.nonce != "" {
			// A Signer that has learned a nonce has a right clock as well; this
			// device has only the nonce.
			payload, err := json.Marshal(claims{
				Method: method, URL: URL(testURL, row.verb), IssuedAt: new(row.at.Unix()), ID: "0123456789abcdef", BodyHash: bodyHash(body), Nonce: row.nonce,
			})
			if err != nil {
				t.Fatal(err)
			}
			proof = forge(t, key, `{"alg":"ES256","typ":"dpop+jwt","jwk":`+publicJWK(t, key)+`}`, string(payload))
		}
		vectors.Requests = append(vectors.Requests, signedVector{
			row.verb, row.device, message, row.at.Unix(), row.nonce, string(body), proof,
		})
	}
	return vectors
}
