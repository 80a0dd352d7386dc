package push

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/json"
	"os"
	"sync"
	"testing"
)

func TestEncryptionMakesWhatTheStandardShows(t *testing.T) {
	text, err := os.ReadFile("testdata/rfc8291-appendix-a.json")
	if err != nil {
		t.Fatal(err)
	}
	var vector map[string]string
	if err := json.Unmarshal(text, &vector); err != nil {
		t.Fatal(err)
	}
	of := func(name string) []byte {
		raw, err := unbase64(vector[name])
		if err != nil || len(raw) == 0 {
			t.Fatalf("%s: got %x, %v", name, raw, err)
		}
		return raw
	}
	own, err := ecdh.P256().NewPrivateKey(of("as_private"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(own.PublicKey().Bytes(), of("as_public")) {
		t.Error("the vector's keys are not a pair")
	}
	s := Subscription{P256DH: of("ua_public"), Auth: of("auth_secret")}
	got, err := encryptWith(s, of("plaintext"), own, [saltBytes]byte(of("salt")), 0)
	if err != nil || base64url(got) != vector["body"] {
		t.Errorf("got %s, %v, want %s", base64url(got), err, vector["body"])
	}
}

func installation(t testing.TB) Subscription {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, authBytes)
	rand.Read(auth)
	return Subscription{Endpoint: "https://fcm.googleapis.com/fcm/send/token", P256DH: key.PublicKey().Bytes(), Auth: auth}
}

func TestEveryMessageHasTheSameLength(t *testing.T) {
	s := installation(t)
	for _, n := range []int{0, 1, 100, maxPayload} {
		body, err := encrypt(s, bytes.Repeat([]byte("x"), n))
		if err != nil || len(body) != bodyBytes {
			t.Errorf("payload of %d: got %d bytes, %v, want %d", n, len(body), err, bodyBytes)
		}
	}
	if _, err := encrypt(s, make([]byte, maxPayload+1)); err == nil {
		t.Error("a payload that is too long: got no error")
	}
}

// Another library writes its delimiter behind the payload it is given, where a second
// message at the same moment finds it.
func TestOnePayloadServesManyMessagesAtOnce(t *testing.T) {
	payload := append(make([]byte, 0, 64), "the same for all"...)
	var wg sync.WaitGroup
	for range 8 {
		s := installation(t)
		wg.Go(func() {
			if _, err := encrypt(s, payload); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if spare := payload[:cap(payload)][len(payload):]; bytes.ContainsAny(spare, "\x02") {
		t.Error("the caller's slice was written to")
	}
}

func BenchmarkEncrypt(b *testing.B) {
	s := installation(b)
	payload := []byte(`{"device":"dev_abcdefghijklmnopqrstuvwxyz","wake":"wak_abcdefghijklmnopqrstuvwxyz"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encrypt(s, payload); err != nil {
			b.Fatal(err)
		}
	}
}
