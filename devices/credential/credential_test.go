package credential_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
)

const (
	origin = "https://login.example.com"
	host   = "login.example.com"
)

var (
	challenge = bytes.Repeat([]byte{7}, 32)
	subject   = credential.Subject{Handle: bytes.Repeat([]byte{9}, credential.HandleSize), Name: "alice", DisplayName: "Alice Example"}
)

func party() *credential.RelyingParty {
	return &credential.RelyingParty{PublicURL: origin, Name: "Northwind"}
}

func TestOptionsDemandTheVerificationOfThePerson(t *testing.T) {
	options, err := party().Options(subject, challenge)
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		RP        struct{ ID, Name string }
		User      struct{ ID, Name, DisplayName string }
		Challenge string
		Selection struct {
			ResidentKey      string `json:"residentKey"`
			UserVerification string `json:"userVerification"`
			Attachment       string `json:"authenticatorAttachment"`
		} `json:"authenticatorSelection"`
		Attestation string
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		t.Fatal(err)
	}
	if asked.RP.ID != host || asked.RP.Name != "Northwind" || asked.User.Name != "alice" || len(asked.User.ID) != 86 || len(asked.Challenge) != 43 {
		t.Errorf("got %s", options)
	}
	if s := asked.Selection; s.ResidentKey != "discouraged" || s.UserVerification != "required" || s.Attachment != "platform" {
		t.Errorf("got the selection %+v", s)
	}
}

func TestACredentialIsRefusedUnlessEverythingHolds(t *testing.T) {
	for what, change := range map[string]func(*credentialtest.Authenticator) []byte{
		"a page of another origin": func(a *credentialtest.Authenticator) []byte {
			a.Origin = "https://login.example.com.evil.example"
			return nil
		},
		"a page below ours":                     func(a *credentialtest.Authenticator) []byte { a.Origin = "https://sub.login.example.com"; return nil },
		"another port":                          func(a *credentialtest.Authenticator) []byte { a.Origin = "https://login.example.com:8443"; return nil },
		"plain http":                            func(a *credentialtest.Authenticator) []byte { a.Origin = "http://login.example.com"; return nil },
		"another relying party":                 func(a *credentialtest.Authenticator) []byte { a.RPID = "example.com"; return nil },
		"a touch without verification":          func(a *credentialtest.Authenticator) []byte { a.Flags = credentialtest.Present; return nil },
		"verification without presence":         func(a *credentialtest.Authenticator) []byte { a.Flags = credentialtest.Verified; return nil },
		"the other ceremony":                    func(a *credentialtest.Authenticator) []byte { a.Type = "webauthn.get"; return nil },
		"backed up, though not to be backed up": func(a *credentialtest.Authenticator) []byte { a.Flags |= credentialtest.BackedUp; return nil },
		"another challenge":                     func(*credentialtest.Authenticator) []byte { return bytes.Repeat([]byte{8}, 32) },
	} {
		p, a := party(), credentialtest.New(t, origin, host)
		options, err := p.Options(subject, challenge)
		if err != nil {
			t.Fatal(err)
		}
		expected := change(a)
		if expected == nil {
			expected = challenge
		}
		if _, err := p.Register(subject, expected, a.Create(options)); !errors.Is(err, credential.ErrWrong) {
			t.Errorf("%s: got %v, want ErrWrong", what, err)
		}
	}
}

// registered is a device that went through the first ceremony.
type registered struct {
	*credentialtest.Authenticator
	party *credential.RelyingParty
	store credential.Store
	db    *db.DB
}

func register(t *testing.T, d *db.DB, deviceID string) registered {
	t.Helper()
	r := registered{
		Authenticator: credentialtest.New(t, origin, host), party: party(), db: d,
		store: credential.Store{DB: d, Box: seal.NewBox("ins_test", seal.NewKey())},
	}
	options, err := r.party.Options(subject, challenge)
	if err != nil {
		t.Fatal(err)
	}
	record, err := r.party.Register(subject, challenge, r.Create(options))
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, func(tx *db.Tx) error {
		if err := r.store.AddTx(tx, deviceID, r.party.ID(), subject.Handle, time.Unix(1, 0)); err != nil {
			return err
		}
		return r.store.RegisterTx(tx, deviceID, record, time.Unix(2, 0))
	})
	err = d.Write(t.Context(), func(tx *db.Tx) error { return r.store.RegisterTx(tx, deviceID, record, time.Unix(3, 0)) })
	if !errors.Is(err, credential.ErrRegistered) {
		t.Errorf("a second registration: got %v", err)
	}
	return r
}

func write(t *testing.T, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (r registered) verify(t *testing.T, response []byte) (credential.Use, error) {
	t.Helper()
	held, err := r.store.Get(t.Context(), "dev_1")
	if err != nil {
		t.Fatal(err)
	}
	return r.party.Verify(held, challenge, response)
}

func TestAnAssertionIsRefusedUnlessEverythingHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := register(t, d, "dev_1")
		if use, err := r.verify(t, r.Get(challenge)); err != nil || use.Regressed || use.SignCount != 2 {
			t.Fatalf("a right one: got %+v, %v", use, err)
		}
		for what, change := range map[string]func(*credentialtest.Authenticator){
			"a page of another origin":            func(a *credentialtest.Authenticator) { a.Origin = "https://evil.example" },
			"another relying party":               func(a *credentialtest.Authenticator) { a.RPID = "evil.example" },
			"a touch without verification":        func(a *credentialtest.Authenticator) { a.Flags = credentialtest.Present },
			"verification without presence":       func(a *credentialtest.Authenticator) { a.Flags = credentialtest.Verified },
			"the other ceremony":                  func(a *credentialtest.Authenticator) { a.Type = "webauthn.create" },
			"a key that may now leave the device": func(a *credentialtest.Authenticator) { a.Flags |= credentialtest.BackupEligible },
		} {
			wrong := *r.Authenticator
			change(&wrong)
			if _, err := r.verify(t, wrong.Get(challenge)); !errors.Is(err, credential.ErrWrong) {
				t.Errorf("%s: got %v, want ErrWrong", what, err)
			}
		}
		for what, response := range map[string][]byte{
			"over another challenge":    r.Get(bytes.Repeat([]byte{8}, 32)),
			"by another authenticator":  credentialtest.New(t, origin, host).Get(challenge),
			"with another's id":         []byte(strings.Replace(string(credentialtest.New(t, origin, host).Get(challenge)), `"id"`, `"ID"`, 1)),
			"nothing":                   nil,
			"an empty object":           []byte("{}"),
			"what is no JSON":           []byte("{"),
			"a registration, once more": r.Create(json.RawMessage(`{"challenge":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}`)),
		} {
			if _, err := r.verify(t, response); !errors.Is(err, credential.ErrWrong) {
				t.Errorf("%s: got %v, want ErrWrong", what, err)
			}
		}
	})
}

func TestACounterThatGoesBackIsNoticed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := register(t, d, "dev_1")
		use, err := r.verify(t, r.Get(challenge))
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx *db.Tx) error { return r.store.UsedTx(tx, "dev_1", use, time.Unix(4, 0)) })
		r.Stuck = true
		if use, err = r.verify(t, r.Get(challenge)); err != nil || !use.Regressed {
			t.Errorf("the same count again: got %+v, %v, want it noticed", use, err)
		}
		write(t, d, func(tx *db.Tx) error { return r.store.UsedTx(tx, "dev_1", use, time.Unix(5, 0)) })
		r.Count = 1
		if use, err = r.verify(t, r.Get(challenge)); err != nil || !use.Regressed {
			t.Errorf("a count below: got %+v, %v, want it noticed", use, err)
		}
	})
}

func TestAuthenticatorsThatDoNotCountNeverRegress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := registered{
			Authenticator: credentialtest.New(t, origin, host), party: party(), db: d,
			store: credential.Store{DB: d, Box: seal.NewBox("ins_test", seal.NewKey())},
		}
		r.Stuck = true
		options, _ := r.party.Options(subject, challenge)
		record, err := r.party.Register(subject, challenge, r.Create(options))
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx *db.Tx) error {
			return errors.Join(r.store.AddTx(tx, "dev_1", host, subject.Handle, time.Unix(1, 0)), r.store.RegisterTx(tx, "dev_1", record, time.Unix(1, 0)))
		})
		for range 2 {
			if use, err := r.verify(t, r.Get(challenge)); err != nil || use.Regressed {
				t.Errorf("got %+v, %v", use, err)
			}
		}
	})
}

func TestACredentialIsOneDevicesOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := register(t, d, "dev_1")
		options, _ := r.party.Options(subject, challenge)
		record, err := r.party.Register(subject, challenge, r.Create(options))
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx *db.Tx) error { return r.store.AddTx(tx, "dev_2", host, subject.Handle, time.Unix(1, 0)) })
		err = d.Write(t.Context(), func(tx *db.Tx) error { return r.store.RegisterTx(tx, "dev_2", record, time.Unix(2, 0)) })
		if !errors.Is(err, credential.ErrRegistered) {
			t.Errorf("another device's credential: got %v, want ErrRegistered", err)
		}
		write(t, d, func(tx *db.Tx) error { return credential.DropTx(tx, "dev_1") })
		if _, err := r.store.Get(t.Context(), "dev_1"); !errors.Is(err, credential.ErrNone) {
			t.Errorf("after the device ended: got %v, want ErrNone", err)
		}
	})
}

func TestAnAddressIsNoName(t *testing.T) {
	for publicURL, want := range map[string]error{
		"http://127.0.0.1:8080": credential.ErrNoName, "http://[::1]:8080": credential.ErrNoName,
		"http://localhost:8080": nil, "https://id.example.org": nil,
	} {
		if err := (&credential.RelyingParty{PublicURL: publicURL}).Available(); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s: got %v, want %v", publicURL, err, want)
		}
	}
}

func FuzzRegister(f *testing.F) {
	a := credentialtest.New(f, origin, host)
	p := party()
	options, err := p.Options(subject, challenge)
	if err != nil {
		f.Fatal(err)
	}
	good := a.Create(options)
	f.Add([]byte(good))
	f.Add([]byte(`{"id":"AQ","rawId":"AQ","type":"public-key","response":{"attestationObject":"oA","clientDataJSON":"e30"}}`))
	f.Fuzz(func(t *testing.T, response []byte) {
		if _, err := p.Register(subject, bytes.Repeat([]byte{8}, 32), response); err == nil {
			t.Error("a credential over another challenge was accepted")
		}
	})
}

func FuzzVerify(f *testing.F) {
	a := credentialtest.New(f, origin, host)
	p := party()
	options, err := p.Options(subject, challenge)
	if err != nil {
		f.Fatal(err)
	}
	made := a.Create(options)
	record, err := p.Register(subject, challenge, made)
	if err != nil {
		f.Fatal(err)
	}
	held := credential.HeldOf(record, host, subject.Handle)
	f.Add([]byte(a.Get(challenge)))
	f.Add([]byte(made))
	f.Fuzz(func(t *testing.T, response []byte) {
		if _, err := p.Verify(held, bytes.Repeat([]byte{8}, 32), response); err == nil {
			t.Error("an assertion over another challenge was accepted")
		}
	})
}
