package browsertest_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// sender sends push messages, written for these tests alone so that the kit does not
// prove itself by the code that it is to test.
type sender struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	client *http.Client
}

// subscription is what a page hands to its server.
type subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

func newSender(t *testing.T, way http.RoundTripper) *sender {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &sender{t, key, &http.Client{Transport: way, Timeout: 5 * time.Second}}
}

var b64 = base64.RawURLEncoding

func (s *sender) public() string {
	point, err := s.key.PublicKey.Bytes()
	if err != nil {
		s.t.Fatal(err)
	}
	return b64.EncodeToString(point)
}

// send sends a text and returns the status of the answer.
func (s *sender) send(to subscription, text string, change ...func(*http.Request)) int {
	s.t.Helper()
	return s.post(to, s.encrypt(to, text), change...)
}

// post sends a body that is encrypted already, or badly.
func (s *sender) post(to subscription, body []byte, change ...func(*http.Request)) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, to.Endpoint, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("TTL", "60")
	r.Header.Set("Urgency", "high")
	r.Header.Set("Content-Encoding", "aes128gcm")
	r.Header.Set("Authorization", s.vapid(to.Endpoint))
	for _, c := range change {
		c(r)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatalf("push: %v", err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// vapid makes the header that says who sends (RFC 8292).
func (s *sender) vapid(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		s.t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{
		"aud": u.Scheme + "://" + u.Host, "exp": time.Now().Add(time.Hour).Unix(), "sub": "https://kit.example",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	signed := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	digest := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	return fmt.Sprintf("vapid t=%s.%s, k=%s", signed, b64.EncodeToString(signature), s.public())
}

// encrypt makes the body for one subscription (RFC 8291, section 3.4).
func (s *sender) encrypt(to subscription, text string) []byte {
	s.t.Helper()
	must := func(b []byte, err error) []byte {
		s.t.Helper()
		if err != nil {
			s.t.Fatalf("encrypt: %v", err)
		}
		return b
	}
	browserPoint := must(b64.DecodeString(to.Keys.P256dh))
	auth := must(b64.DecodeString(to.Keys.Auth))
	browser, err := ecdh.P256().NewPublicKey(browserPoint)
	must(nil, err)
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	must(nil, err)
	ownPoint := own.PublicKey().Bytes()
	shared := must(own.ECDH(browser))

	info := "WebPush: info\x00" + string(browserPoint) + string(ownPoint)
	input := must(hkdf.Key(sha256.New, shared, auth, info, 32))
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	key := must(hkdf.Key(sha256.New, input, salt, "Content-Encoding: aes128gcm\x00", 16))
	nonce := must(hkdf.Key(sha256.New, input, salt, "Content-Encoding: nonce\x00", 12))
	block, err := aes.NewCipher(key)
	must(nil, err)
	gcm, err := cipher.NewGCM(block)
	must(nil, err)

	body := binary.BigEndian.AppendUint32(salt, 4096)
	body = append(append(body, byte(len(ownPoint))), ownPoint...)
	return gcm.Seal(body, nonce, append([]byte(text), 2), nil)
}
