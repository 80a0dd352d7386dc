package simulator

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

// enrolledPhone is a phone as enrolment would leave it, with a PIN if there is one.
func enrolledPhone(t testing.TB, id, pin string) (p *Phone, begun protocol.EnrolBegun) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p = newPhone(record{Server: "https://login.example.com", Name: "Phone"}, key, nil, nil)
	secret := func() protocol.Bytes {
		b := make([]byte, 32)
		rand.Read(b)
		return b
	}
	begun = protocol.EnrolBegun{
		DeviceID: id, Issuer: "https://login.example.com", Account: protocol.Account{ID: "usr_1", Name: "alice"},
		Verification: protocol.VerifyPlain, PushSecret: secret(), TypedSecret: secret(), Fingerprint: p.Fingerprint(),
	}
	if pin != "" {
		begun.Verification, begun.PINSecret, begun.PINHalf, begun.PINSalt = protocol.VerifyPIN, secret(), secret(), secret()[:16]
	}
	if _, err := p.take(begun, begun.Verification, pin); err != nil {
		t.Fatal(err)
	}
	return p, begun
}

func TestAStoreKeepsPhonesAndNoPIN(t *testing.T) {
	store := Store{Path: filepath.Join(t.TempDir(), "phones.json")}
	if err := store.Ready(); err != nil {
		t.Fatal(err)
	}
	p, begun := enrolledPhone(t, "dev_1", "24680135")
	p.signer.Offset = -90 * time.Second
	if err := store.Put(p); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(store.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	data, err := os.ReadFile(store.Path)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{
		"the PIN": "24680135", "the half": base64.RawURLEncoding.EncodeToString(begun.PINHalf),
		"the PIN secret": base64.RawURLEncoding.EncodeToString(begun.PINSecret),
	} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the file holds %s", what)
		}
	}
	phones, err := store.Load()
	if err != nil || len(phones) != 1 {
		t.Fatalf("got %v, %v", phones, err)
	}
	again := phones[0]
	if again.ID() != "dev_1" || again.Offset() != -90*time.Second || again.Fingerprint() != p.Fingerprint() || again.Account().Name != "alice" {
		t.Errorf("got %+v", again.record)
	}
	question := bytes.Repeat([]byte{7}, 32)
	first, err := p.passcode(question, "24680135", begun.PINHalf)
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.passcode(question, "24680135", begun.PINHalf)
	if err != nil || first != second {
		t.Errorf("got passcode %s, %v, want %s", second, err, first)
	}
}

func TestPhonesPutAtTheSameMomentAreAllKept(t *testing.T) {
	store := Store{Path: filepath.Join(t.TempDir(), "phones.json")}
	var wg sync.WaitGroup
	for i := range 20 {
		p, _ := enrolledPhone(t, fmt.Sprint("dev_", i), "")
		wg.Go(func() {
			for range 2 { // the second replaces the first
				if err := store.Put(p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if phones, err := store.Load(); err != nil || len(phones) != 20 {
		t.Errorf("got %d phones, %v, want 20", len(phones), err)
	}
	if err := store.Forget("dev_7"); err != nil {
		t.Fatal(err)
	}
	if phones, err := store.Load(); err != nil || len(phones) != 19 {
		t.Errorf("got %d phones, %v, want 19", len(phones), err)
	}
}

func TestADamagedStoreIsLeftAlone(t *testing.T) {
	p, _ := enrolledPhone(t, "dev_1", "")
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*record)) string {
		r := p.record
		change(&r)
		text, err := json.Marshal(storeFile{Version: 1, Phones: []record{r}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for what, text := range map[string]string{
		"an empty file":        "",
		"half a file":          with(func(*record) {})[:100],
		"another program's":    `{"name":"x"}`,
		"a newer version":      `{"version":2,"phones":[]}`,
		"no key":               with(func(r *record) { r.Key = nil }),
		"a damaged key":        with(func(r *record) { r.Key = r.Key[:len(r.Key)-1] }),
		"a key on P-384":       with(func(r *record) { r.Key = p384 }),
		"no id":                with(func(r *record) { r.DeviceID = "" }),
		"no push secret":       with(func(r *record) { r.PushSecret = nil }),
		"a short typed secret": with(func(r *record) { r.TypedSecret = r.TypedSecret[:8] }),
		"PIN without its seal": with(func(r *record) { r.Verification = protocol.VerifyPIN }),
	} {
		path := filepath.Join(t.TempDir(), "phones.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		store := Store{Path: path}
		if _, err := store.Load(); err == nil {
			t.Errorf("%s: it was loaded", what)
		}
		if err := store.Put(p); err == nil {
			t.Errorf("%s: it was overwritten", what)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%s: it was changed (%v)", what, err)
		}
	}
	if phones, err := (Store{Path: filepath.Join(t.TempDir(), "none.json")}).Load(); err != nil || len(phones) != 0 {
		t.Errorf("no file: got %v, %v, want no phones", phones, err)
	}
}

func FuzzStore(f *testing.F) {
	p, _ := enrolledPhone(f, "dev_1", "2468")
	text, err := json.Marshal(storeFile{Version: 1, Phones: []record{p.record}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"version":1,"phones":[{}]}`))
	f.Add([]byte(`{"version":1,"phones":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := parseStore(text)
		if err != nil {
			return
		}
		for _, r := range records {
			key, err := r.check()
			if err != nil {
				t.Fatalf("a record without use was accepted: %v", err)
			}
			phone := newPhone(r, key, nil, nil)
			if _, err := phone.TypedPasscode(); err != nil {
				t.Errorf("a phone that makes no passcode was accepted: %v", err)
			}
		}
	})
}
