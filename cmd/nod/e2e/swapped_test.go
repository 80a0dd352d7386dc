package e2e

import (
	"testing"

	"github.com/nod-idp/nod/internal/db"
)

// TestSecretsThatWereExchangedInTheDatabaseOpenNothing is somebody who can write to the
// database and has no sealing key: they give Alice's device the secrets of their own.
func TestSecretsThatWereExchangedInTheDatabaseOpenNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mallory := w.person("mallory")
		hers, theirs := w.phone(w.user, "phone", ""), w.phone(mallory, "phone", "")
		err := w.s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return tx.Must(db.ErrNotFound, `UPDATE devices SET push_secret = (SELECT d.push_secret FROM devices d WHERE d.id = $1),
				typed_secret = (SELECT d.typed_secret FROM devices d WHERE d.id = $1) WHERE id = $2`, theirs.ID(), hers.ID())
		})
		if err != nil {
			t.Fatal(err)
		}
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		if _, err := hers.Approve(t.Context(), w.only(hers), number, ""); err == nil {
			t.Error("an approval under secrets that belong elsewhere: got it taken")
		}
		v.reload("pending")
		passcode, err := theirs.TypedPasscode()
		if err != nil {
			t.Fatal(err)
		}
		v = w.visit(w.browser(), w.app).password()
		v.press("use-passcode", "method")
		page, err := v.b.Press(t.Context(), v.page, "passcode-submit", map[string]string{"passcode": passcode})
		if err == nil && page.State == "done" {
			t.Error("a passcode of the other device: got it taken")
		}
	})
}
