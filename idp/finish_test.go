package idp_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
)

func TestALoginBeginsAgainWhenItsPasswordIsReplacedUnderWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		number := v.ask()
		w.clock = w.clock.Add(time.Second)
		hash, err := w.Hasher.Hash(t.Context(), "another long passphrase")
		must(t, err)
		must(t, w.Users.SetPasswordHash(t.Context(), w.alice.ID, hash))
		if f := v.passcode(p.answer(protocol.Approve, number)); f != nil {
			t.Error("the old password and an approval signed in")
		}
		st := v.want(idp.PageSignIn)
		if st.Login.Notice.Kind != idp.PasswordReplaced || st.Login.UserID != "" || st.Login.Evidence.MFA() || !st.Login.Evidence.PasswordAt.IsZero() {
			t.Errorf("got %+v, want it begun again", st.Login)
		}
		if n := w.count("SELECT count(*) FROM sessions") + w.count("SELECT count(*) FROM codes"); n != 0 {
			t.Errorf("got %d sessions and codes, want none", n)
		}
		v.submit("alice", "another long passphrase")
		w.clock = w.clock.Add(time.Minute)
		v.passcode(p.answer(protocol.Approve, v.ask()))
		v.want(idp.PageDone)
	})
}
