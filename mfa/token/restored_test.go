package token_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/token"
)

func (w *world) restored(madeAt time.Time) {
	w.t.Helper()
	must(w.t, w.DB.Write(w.t.Context(), func(tx *db.Tx) error { return w.RestoredTx(tx, madeAt) }))
}

func TestNoPasscodeOfBeforeARestoreIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := []byte("another secret altogether")
		w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed, Counter: 5})
		w.add(alice, token.Seed{Kind: token.TOTP, Name: "App", Secret: secret})
		_, err := w.Begin(t.Context(), bob, "of nobody yet")
		must(t, err)
		used := app(t, secret, w.clock)
		w.restored(w.clock.Add(-30 * time.Hour))
		want(t, "by the clock", w.verify(w.Tokens, alice, used), otp.ErrReplayed)
		want(t, "of the button, 19 times pressed since", w.verify(w.Tokens, alice, button(t, 24)), otp.ErrWrong)
		must(t, w.verify(w.Tokens, alice, button(t, 25)))
		w.clock = w.clock.Add(30 * time.Second)
		must(t, w.verify(w.Tokens, alice, app(t, secret, w.clock)))
		var pending int
		must(t, w.DB.Get(t.Context(), &pending, "SELECT count(*) FROM otp_tokens WHERE state = 'pending'"))
		if pending != 0 {
			t.Errorf("got %d tokens that wait for their proof, want none", pending)
		}
	})
}

func TestAnOldBackupTakesAButtonNoFurtherThanAHundred(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t1 := w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		w.restored(w.clock.Add(-90 * 24 * time.Hour))
		want(t, "before", w.verify(w.Tokens, alice, button(t, 99)), otp.ErrWrong)
		must(t, w.Resync(t.Context(), alice, t1.ID, button(t, 180), button(t, 181)))
	})
}
