package recovery_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
)

func TestNoCodeOfBeforeARestoreWorks(t *testing.T) {
	each(t, func(t *testing.T, c *recovery.Codes) {
		codes, err := create(t, c, alice, "")
		must(t, err)
		var whose []string
		must(t, c.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
			whose, err = c.RestoredTx(tx)
			return err
		}))
		if !slices.Equal(whose, []string{alice}) {
			t.Errorf("got the codes of %v voided", whose)
		}
		for _, code := range codes {
			if _, err := use(t, c, alice, code); !errors.Is(err, recovery.ErrWrong) {
				t.Errorf("got %v, want ErrWrong", err)
			}
		}
		if set, err := c.Find(t.Context(), alice); err != nil || set.ID != "" {
			t.Errorf("got %+v, %v, want none", set, err)
		}
		_, err = create(t, c, alice, "")
		must(t, err)
	})
}
