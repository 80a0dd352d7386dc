package passkey_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/passkey"
)

const (
	origin = "https://login.example.com"
	host   = "login.example.com"
)

var (
	alice = passkey.Person{UserID: "usr_alice", Name: "alice", DisplayName: "Alice Example"}
	bob   = passkey.Person{UserID: "usr_bob", Name: "bob", DisplayName: "Bob"}
)

type world struct {
	*passkey.Passkeys
	t     testing.TB
	clock time.Time
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0)}
	in, err := instance.Open(t.Context(), d, seal.NewKey(), w.clock)
	must(t, err)
	w.Passkeys = &passkey.Passkeys{DB: d, Box: in.Box, Epoch: in.Epoch, PublicURL: origin, Organisation: "Northwind", Now: func() time.Time { return w.clock }}
	return w
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) key() *credentialtest.Authenticator { return credentialtest.New(w.t, origin, host) }

func (w *world) creation(who passkey.Person) json.RawMessage {
	w.t.Helper()
	options, err := w.CreationOptions(w.t.Context(), who, "ses_1")
	must(w.t, err)
	return options
}

func (w *world) add(m passkey.Made) (k passkey.Passkey, err error) {
	err = w.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		k, err = w.AddTx(tx, m)
		return err
	})
	return k, err
}

// registered is a passkey of a person, and what holds it.
func (w *world) registered(who passkey.Person) (*credentialtest.Authenticator, passkey.Passkey) {
	w.t.Helper()
	a := w.key()
	made, err := w.Register(who, "ses_1", " Laptop ", a.Create(w.creation(who)))
	must(w.t, err)
	k, err := w.add(made)
	must(w.t, err)
	return a, k
}

func (w *world) request(userID, forWhat string) json.RawMessage {
	w.t.Helper()
	options, err := w.RequestOptions(w.t.Context(), userID, forWhat)
	must(w.t, err)
	return options
}

func (w *world) claim(response []byte) passkey.Claim {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), response)
	must(w.t, err)
	return c
}

func TestAPasskeyIsDiscoverableAndVerifiesItsPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var asked struct {
			RP        struct{ ID, Name string }
			User      struct{ ID, Name, DisplayName string }
			Challenge string
			Exclude   []struct{ ID string } `json:"excludeCredentials"`
			Selection struct {
				ResidentKey        string `json:"residentKey"`
				RequireResidentKey bool   `json:"requireResidentKey"`
				UserVerification   string `json:"userVerification"`
				Attachment         string `json:"authenticatorAttachment"`
			} `json:"authenticatorSelection"`
			Attestation string
		}
		w.registered(alice)
		options := w.creation(alice)
		must(t, json.Unmarshal(options, &asked))
		if asked.RP.ID != host || asked.RP.Name != "Northwind" || asked.User.Name != "alice" || len(asked.User.ID) != 86 || len(asked.Challenge) < 43 {
			t.Errorf("got %s", options)
		}
		if s := asked.Selection; s.ResidentKey != "required" || !s.RequireResidentKey || s.UserVerification != "required" || s.Attachment != "" {
			t.Errorf("got the selection %+v", s)
		}
		if len(asked.Exclude) != 1 || asked.Attestation == "direct" || strings.Contains(string(options), alice.UserID) {
			t.Errorf("got %s, want the present passkey left out, and no id of ours", options)
		}
	})
}

func TestAPasskeySignsItsPersonIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, k := w.registered(alice)
		if k.Name != "Laptop" || k.UserID != alice.UserID || k.BackupEligible {
			t.Errorf("got %+v", k)
		}
		for _, userID := range []string{"", alice.UserID} {
			c := w.claim(a.Answer(w.request(userID, "login 1")))
			use, err := w.Verify(c, userID, "login 1")
			must(t, err)
			if c.UserID != alice.UserID || c.Account != alice.UserID || use.Passkey.ID != k.ID || use.Regressed {
				t.Errorf("got %+v by %s", use, c.UserID)
			}
			w.clock = w.clock.Add(time.Minute)
			must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error { return w.UsedTx(tx, use) }))
		}
		list, err := w.List(t.Context(), alice.UserID)
		if err != nil || len(list) != 1 || !list[0].UsedAt.Equal(w.clock) || !w.Works(list[0]) {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}

func TestAnAssertionIsRefusedUnlessEverythingHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.registered(alice)
		theirs, _ := w.registered(bob)
		late := a.Answer(w.request("", "login 1"))
		w.clock = w.clock.Add(passkey.ChallengeLife)
		for what, tc := range map[string]struct {
			userID string
			answer func(a credentialtest.Authenticator) []byte
		}{
			"a page of another origin": {"", func(a credentialtest.Authenticator) []byte {
				a.Origin = "https://login.example.com.evil.example"
				return a.Answer(w.request("", "login 1"))
			}},
			"a page below ours": {"", func(a credentialtest.Authenticator) []byte {
				a.Origin = "https://sub.login.example.com"
				return a.Answer(w.request("", "login 1"))
			}},
			"another relying party": {"", func(a credentialtest.Authenticator) []byte {
				a.RPID = "example.com"
				return a.Answer(w.request("", "login 1"))
			}},
			"a touch without verification": {"", func(a credentialtest.Authenticator) []byte {
				a.Flags = credentialtest.Present
				return a.Answer(w.request("", "login 1"))
			}},
			"verification without presence": {"", func(a credentialtest.Authenticator) []byte {
				a.Flags = credentialtest.Verified
				return a.Answer(w.request("", "login 1"))
			}},
			"the other ceremony": {"", func(a credentialtest.Authenticator) []byte {
				a.Type = "webauthn.create"
				return a.Answer(w.request("", "login 1"))
			}},
			"a key that may now leave": {"", func(a credentialtest.Authenticator) []byte {
				a.Flags |= credentialtest.BackupEligible
				return a.Answer(w.request("", "login 1"))
			}},
			"no user handle, where nobody else says who it is": {"", func(a credentialtest.Authenticator) []byte {
				a.Handle = nil
				return a.Answer(w.request("", "login 1"))
			}},
			"another person's user handle": {alice.UserID, func(a credentialtest.Authenticator) []byte {
				a.Handle = theirs.Handle
				return a.Answer(w.request(alice.UserID, "login 1"))
			}},
			"another person's passkey": {alice.UserID, func(credentialtest.Authenticator) []byte {
				return theirs.Answer(w.request(alice.UserID, "login 1"))
			}},
			"a challenge for another login": {"", func(a credentialtest.Authenticator) []byte { return a.Answer(w.request("", "login 2")) }},
			"a challenge for a registration": {"", func(a credentialtest.Authenticator) []byte {
				options, err := w.CreationOptions(t.Context(), alice, "login 1")
				must(t, err)
				return a.Answer(options)
			}},
			"a challenge of somebody's own": {"", func(a credentialtest.Authenticator) []byte { return a.Get(make([]byte, 56)) }},
			"a short challenge":             {"", func(a credentialtest.Authenticator) []byte { return a.Get(make([]byte, 16)) }},
			"five minutes later":            {"", func(credentialtest.Authenticator) []byte { return late }},
			"an authenticator nobody knows": {"", func(credentialtest.Authenticator) []byte {
				b := w.key()
				b.Handle = a.Handle
				return b.Answer(w.request("", "login 1"))
			}},
			"nothing":         {"", func(credentialtest.Authenticator) []byte { return nil }},
			"what is no JSON": {"", func(credentialtest.Authenticator) []byte { return []byte("{") }},
			"a registration":  {"", func(a credentialtest.Authenticator) []byte { return a.Create(w.creation(alice)) }},
		} {
			if _, err := w.Verify(w.claim(tc.answer(*a)), tc.userID, "login 1"); !errors.Is(err, passkey.ErrWrong) {
				t.Errorf("%s: got %v, want ErrWrong", what, err)
			}
		}
	})
}

func TestTheCredentialOfADeviceIsNoPasskey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.registered(alice)
		a := w.key()
		subject := credential.Subject{Handle: make([]byte, credential.HandleSize), Name: "alice"}
		party := &credential.RelyingParty{PublicURL: origin}
		options, err := party.Options(subject, make([]byte, 32))
		must(t, err)
		record, err := party.Register(subject, make([]byte, 32), a.Create(options))
		must(t, err)
		store := credential.Store{DB: w.DB, Box: w.Box}
		must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error {
			return errors.Join(store.AddTx(tx, "dev_1", host, subject.Handle, w.clock), store.RegisterTx(tx, "dev_1", record, w.clock))
		}))
		for _, handle := range [][]byte{nil, subject.Handle} {
			a.Handle = handle
			for _, userID := range []string{"", alice.UserID} {
				c := w.claim(a.Answer(w.request(userID, "login 1")))
				if _, err := w.Verify(c, userID, "login 1"); !errors.Is(err, passkey.ErrWrong) || c.UserID != "" {
					t.Errorf("got %v by %q, want ErrWrong by nobody", err, c.UserID)
				}
			}
		}
	})
}

func TestAPasskeyIsChangedByItsPersonOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, k := w.registered(alice)
		if err := w.Rename(ctx, bob.UserID, k.ID, "Mine"); !errors.Is(err, passkey.ErrNotFound) {
			t.Errorf("rename another's: got %v, want ErrNotFound", err)
		}
		must(t, w.Rename(ctx, alice.UserID, k.ID, "Desk"))
		if got, err := w.Get(ctx, alice.UserID, k.ID); err != nil || got.Name != "Desk" {
			t.Errorf("got %+v, %v", got, err)
		}
		remove := func(userID string) error {
			return w.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := w.RemoveTx(tx, userID, k.ID, "user")
				return err
			})
		}
		if err := remove(bob.UserID); !errors.Is(err, passkey.ErrNotFound) {
			t.Errorf("remove another's: got %v, want ErrNotFound", err)
		}
		use, err := w.Verify(w.claim(a.Answer(w.request("", "login 1"))), "", "login 1")
		must(t, err)
		must(t, remove(alice.UserID))
		if err := w.DB.Write(ctx, func(tx *db.Tx) error { return w.UsedTx(tx, use) }); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("removed while it was verified: got %v, want ErrWrong", err)
		}
		if _, err := w.Verify(w.claim(a.Answer(w.request("", "login 1"))), "", "login 1"); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("a removed one: got %v, want ErrWrong", err)
		}
		if _, err := w.RequestOptions(ctx, alice.UserID, "login 1"); !errors.Is(err, passkey.ErrNotFound) {
			t.Errorf("nothing to ask for: got %v, want ErrNotFound", err)
		}
	})
}

func TestACounterThatGoesBackIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.registered(alice)
		use := func() passkey.Use {
			u, err := w.Verify(w.claim(a.Answer(w.request("", "login 1"))), "", "login 1")
			must(t, err)
			must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error { return w.UsedTx(tx, u) }))
			return u
		}
		if use().Regressed {
			t.Error("a counter that went on is told as one that did not")
		}
		a.Count = 1
		if !use().Regressed {
			t.Error("a counter that went back is not told")
		}
		var told int
		if err := w.DB.Get(t.Context(), &told, "SELECT count(*) FROM audit WHERE action = 'passkey.regressed'"); err != nil || told != 1 {
			t.Errorf("got %d entries, %v, want 1", told, err)
		}
	})
}

func TestPasskeysOfAnotherHostAreNotAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, _ := w.registered(alice)
		old := a.Answer(w.request("", "login 1"))
		moved := &passkey.Passkeys{DB: w.DB, Box: w.Box, Epoch: w.Epoch, PublicURL: "https://id.example.org", Now: w.Now}
		if usable, err := moved.Usable(t.Context(), alice.UserID); err != nil || usable {
			t.Errorf("got %v, %v, want none that is usable", usable, err)
		}
		if list, err := moved.List(t.Context(), alice.UserID); err != nil || len(list) != 1 || moved.Works(list[0]) {
			t.Errorf("got %+v, %v, want one that does not work", list, err)
		}
		c, err := moved.Claim(t.Context(), old)
		must(t, err)
		if _, err := moved.Verify(c, "", "login 1"); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("from the former host: got %v, want ErrWrong", err)
		}
		restored := &passkey.Passkeys{DB: w.DB, Box: w.Box, Epoch: w.Epoch + 1, PublicURL: origin, Now: w.Now}
		if _, err := restored.Verify(w.claim(old), "", "login 1"); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("a challenge from before a restore: got %v, want ErrWrong", err)
		}
		nameless := &passkey.Passkeys{DB: w.DB, Box: w.Box, PublicURL: "http://127.0.0.1:8080"}
		if err := nameless.Available(); !errors.Is(err, credential.ErrNoName) {
			t.Errorf("an address: got %v, want ErrNoName", err)
		}
	})
}

func FuzzClaim(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	a, _ := w.registered(alice)
	f.Add([]byte(a.Answer(w.request("", "login 1"))))
	f.Add([]byte(`{"id":"AQ","rawId":"AQ","type":"public-key","response":{}}`))
	f.Fuzz(func(t *testing.T, response []byte) {
		c, err := w.Claim(t.Context(), response)
		must(t, err)
		if _, err := w.Verify(c, "", "login 2"); err == nil {
			t.Error("an assertion for another login was accepted")
		}
	})
}
