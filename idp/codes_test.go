package idp_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	typed "github.com/nod-idp/nod/mfa/token"
)

// owning lets people have apps and recovery codes.
func (w *world) owning() {
	now := func() time.Time { return w.clock }
	w.MFA.Tokens = &typed.Tokens{DB: w.DB, Box: w.Box, Now: now}
	w.MFA.Recovery = &recovery.Codes{DB: w.DB, Box: w.Box, Now: now}
}

func (w *world) recoveryCodes(u user.User) (codes []string) {
	w.t.Helper()
	set, err := w.MFA.Recovery.Find(w.t.Context(), u.ID)
	must(w.t, err)
	w.write(func(tx *db.Tx) (err error) {
		codes, err = w.MFA.Recovery.MakeTx(tx, u.ID, set.ID, "cli:test")
		return err
	})
	return codes
}

var appSecret = []byte("12345678901234567890")

// app is an authenticator app of a person's.
func (w *world) app(u user.User) (id string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) error {
		added, err := w.MFA.Tokens.AddTx(tx, u.ID, "cli:test", typed.Seed{Kind: typed.TOTP, Name: "App", Secret: appSecret})
		if err == nil {
			id = added[0].ID
		}
		return err
	})
	return id
}

func (w *world) appShows() string {
	w.t.Helper()
	code, err := otp.TOTP{Hash: otp.SHA1}.Code(appSecret, w.clock)
	must(w.t, err)
	return code
}

func (v *visit) recover(code string) *idp.Finished {
	v.w.t.Helper()
	if v.standing().Page != idp.PageRecovery {
		must(v.w.t, v.w.ChooseRecovery(v.w.t.Context(), v.l, v.b, v.form()))
		v.want(idp.PageRecovery)
	}
	f, err := v.w.SubmitRecovery(v.w.t.Context(), v.l, v.b, v.form(), code)
	must(v.w.t, err)
	v.take(f)
	return f
}

func TestARecoveryCodeMakesOneSessionAndEndsTheOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		p := w.enrol(w.alice, protocol.VerifyPIN)
		codes := w.recoveryCodes(w.alice)
		other := w.visit("number").through(p, "alice")
		v := w.visit("number")
		v.submit("alice", secret)
		if st := v.want(idp.PageMethod); !st.Ways.Recovery {
			t.Error("recovery codes are not offered")
		}
		must(t, w.ChooseRecovery(t.Context(), v.l, v.b, v.form()))
		form := v.form()
		var wg sync.WaitGroup
		var mu sync.Mutex
		var first *idp.Finished
		for range 8 {
			wg.Go(func() {
				f, err := w.SubmitRecovery(t.Context(), v.l, v.b, form, codes[0])
				if err != nil && !errors.Is(err, idp.ErrMoved) {
					t.Errorf("got %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				if f != nil && first == nil {
					first = f
				}
			})
		}
		wg.Wait()
		v.want(idp.PageDone)
		if n := w.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 || first == nil {
			t.Errorf("got %d sessions, want the new one alone", n)
		}
		other.opens("another browser", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
		if n := w.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NOT NULL"); n != 1 {
			t.Errorf("got %d codes used up, want 1", n)
		}
		notices, err := w.Devices.Notices(t.Context(), p.begun.DeviceID)
		must(t, err)
		if len(notices) != 1 || notices[0].Kind != "recovery_code_used" {
			t.Errorf("the phone tells %+v", notices)
		}
	})
}

func TestWhoRecoveredReplacesWhatWasLostForAWhile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		w.enrol(w.alice, protocol.VerifyPIN)
		codes := w.recoveryCodes(w.alice)
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		v.submit("alice", secret)
		v.recover(codes[0])
		v.want(idp.PageDone)
		v.opens("recovered", nil, nil, nil)
		w.clock = w.clock.Add(5*time.Minute + time.Second)
		v.opens("recovered a while ago", nil, idp.ErrSignIn, idp.ErrSignIn)

		// Where the device has to verify its person, a code is no way in.
		change := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountPassword, Change: true})
		change.submit("alice", secret)
		if st := change.want(idp.PageMethod); st.Ways.Recovery || st.Ways.Typed {
			t.Errorf("offered %+v", st.Ways)
		}
		change.recover(codes[1])
		if st := change.want(idp.PageRecovery); st.Login.Notice.Kind != idp.WrongPasscode {
			t.Errorf("got notice %+v, want it refused", st.Login.Notice)
		}
	})
}

// Whoever has nothing left but codes on paper adds a new device with one of them, and with
// the password alone gets nowhere.
func TestWhoHasNothingButCodesEnrolsAgainWithOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		codes := w.recoveryCodes(w.alice)
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		if f := v.submit("alice", secret); f != nil {
			t.Fatal("the password alone got in")
		}
		if st := v.want(idp.PageMethod); !st.Ways.Recovery || st.Bare {
			t.Errorf("offered %+v, bare %v", st.Ways, st.Bare)
		}
		v.recover(codes[0])
		v.want(idp.PageDone)
		v.opens("recovered", nil, nil, nil)
		w.clock = w.clock.Add(5*time.Minute + time.Second)
		v.opens("recovered a while ago", nil, idp.ErrSignIn, idp.ErrSignIn)

		for _, code := range codes[1:] {
			v = w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
			v.submit("alice", secret)
			v.recover(code)
		}
		v.opens("recovered by the last code", nil, nil, nil)
		bare := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		bare.submit("alice", secret)
		bare.opens("without a code", nil, idp.ErrBare, nil)
	})
}

func TestWrongRecoveryCodesAreToldAndSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		codes := w.recoveryCodes(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		for _, code := range []string{"", "AAAAA-AAAAA", "0000000000", codes[0] + "0", "another"} {
			v.recover(code)
			if n := v.want(idp.PageRecovery).Login.Notice; n.Kind != idp.WrongPasscode {
				t.Errorf("%q: got notice %+v", code, n)
			}
		}
		v.recover(codes[0])
		if n := v.want(idp.PageRecovery).Login.Notice; n.Kind != idp.Wait {
			t.Errorf("got notice %+v, want to wait", n)
		}
		w.clock = w.clock.Add(2 * time.Second)
		v.recover(codes[0])
		v.want(idp.PageDone)

		typing := w.visit("number")
		typing.submit("alice", secret)
		if _, err := w.SubmitRecovery(t.Context(), typing.l, typing.b, typing.form(), codes[1]); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("without having chosen it: got %v, want ErrMoved", err)
		}
	})
}

func TestAReportedLoginTakesNoRecoveryCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		p := w.phone(w.alice)
		codes := w.recoveryCodes(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		p.answer(protocol.Report, v.ask())
		v.want(idp.PageReported)
		must(t, w.ChooseRecovery(t.Context(), v.l, v.b, v.form()))
		v.want(idp.PageReported)
		if f, err := w.SubmitRecovery(t.Context(), v.l, v.b, v.form(), codes[0]); f != nil || err != nil && !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %v, %v", f, err)
		}
		v.want(idp.PageReported)
		if n := w.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NOT NULL"); n != 0 {
			t.Errorf("got %d codes used up, want none", n)
		}
	})
}

func TestAnAppGuardsThePersonsOwnPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning()
		alone := w.visit("off")
		alone.submit("alice", secret)
		alone.opens("password, nothing else", nil, idp.ErrBare, nil)
		w.recoveryCodes(w.alice)
		alone.opens("password, recovery codes", idp.ErrSignIn, idp.ErrSignIn, nil)

		id := w.app(w.alice)
		alone.opens("password, an app", idp.ErrSignIn, idp.ErrSignIn, nil)
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		if f := v.submit("alice", secret); f != nil {
			t.Fatal("the password alone got in")
		}
		must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
		v.passcode(w.appShows())
		v.want(idp.PageDone)
		v.opens("an app's passcode", nil, nil, nil)
		fresh, err := w.FreshHolder(t.Context(), v.b)
		must(t, err)
		codes, err := w.MakeRecoveryCodes(t.Context(), fresh, w.presentSet())
		must(t, err)
		if _, err := w.MakeRecoveryCodes(t.Context(), fresh, ""); !errors.Is(err, recovery.ErrMoved) {
			t.Errorf("for a set that is not the present one: got %v, want ErrMoved", err)
		}
		if len(codes) != recovery.Count || slices.Contains(codes, "") {
			t.Errorf("got codes %v", codes)
		}
		w.phone(w.alice)
		v.opens("an app's passcode, a device too", nil, nil, nil)
		must(t, w.RemoveToken(t.Context(), fresh, id, idp.StaySignedIn))
		v.opens("the app is gone", nil, idp.ErrSignIn, nil)
	})
}

func (w *world) presentSet() string {
	w.t.Helper()
	set, err := w.MFA.Recovery.Find(w.t.Context(), w.alice.ID)
	must(w.t, err)
	return set.ID
}
