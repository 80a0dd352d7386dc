package token_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

func TestWhatWasGivenSinceIsTakenBackOfflineAsWell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.signedIn()
		w.pass(10 * time.Minute)
		since := w.clock()
		w.pass(time.Minute)
		after := w.signedIn()
		w.write(func(tx *db.Tx) error { return w.RevokeSinceTx(tx, w.session.SID, since, "report") })
		_, err := w.Refresh(t.Context(), w.app, after.RefreshToken, nil, token.Asked{})
		w.refused(err)
		w.refresh(before.RefreshToken)
		if n := w.audited("grant.revoked"); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}
