package passkey_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
)

func TestARegistrationIsRefusedUnlessEverythingHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for what, change := range map[string]func(a *credentialtest.Authenticator){
			"a page of another origin":     func(a *credentialtest.Authenticator) { a.Origin = "https://evil.example" },
			"another relying party":        func(a *credentialtest.Authenticator) { a.RPID = "evil.example" },
			"a touch without verification": func(a *credentialtest.Authenticator) { a.Flags = credentialtest.Present },
			"the other ceremony":           func(a *credentialtest.Authenticator) { a.Type = "webauthn.get" },
		} {
			a := w.key()
			change(a)
			if _, err := w.Register(alice, "ses_1", "Laptop", a.Create(w.creation(alice))); !errors.Is(err, passkey.ErrWrong) {
				t.Errorf("%s: got %v, want ErrWrong", what, err)
			}
		}
		a := w.key()
		made := a.Create(w.creation(alice))
		if _, err := w.Register(alice, "ses_2", "Laptop", made); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("in another session: got %v, want ErrWrong", err)
		}
		if _, err := w.Register(alice, "ses_1", "Laptop", a.Create(w.request("", "ses_1"))); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("a challenge for a login: got %v, want ErrWrong", err)
		}
		for _, name := range []string{"", "  ", "\u202e", strings.Repeat("x", 65), "a\nb"} {
			if _, err := w.Register(alice, "ses_1", name, made); !errors.Is(err, passkey.ErrBadName) {
				t.Errorf("%q: got %v, want ErrBadName", name, err)
			}
		}
		w.clock = w.clock.Add(passkey.ChallengeLife)
		if _, err := w.Register(alice, "ses_1", "Laptop", made); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("five minutes later: got %v, want ErrWrong", err)
		}
	})
}

func TestARegistrationCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.key()
		response := a.Create(w.creation(alice))
		made, err := w.Register(alice, "ses_1", "Laptop", response)
		must(t, err)
		k, err := w.add(made)
		must(t, err)
		if _, err := w.add(made); !errors.Is(err, passkey.ErrRegistered) {
			t.Errorf("a second time: got %v, want ErrRegistered", err)
		}
		again, err := w.Register(bob, "ses_1", "Laptop", a.Create(w.creation(bob)))
		must(t, err)
		if _, err := w.add(again); !errors.Is(err, passkey.ErrRegistered) {
			t.Errorf("another person's: got %v, want ErrRegistered", err)
		}
		must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := w.RemoveTx(tx, alice.UserID, k.ID, "user")
			return err
		}))
		if _, err := w.add(made); !errors.Is(err, passkey.ErrRegistered) {
			t.Errorf("after it was removed: got %v, want ErrRegistered", err)
		}
	})
}
