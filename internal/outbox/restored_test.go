package outbox_test

import (
	"testing"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbox"
)

func TestWhatWaitsIsDroppedByARestore(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.add(outbox.Message{Kind: "mail", Payload: []byte("x")})
		var dropped int64
		must(t, o.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
			dropped, err = o.RestoredTx(tx)
			return err
		}))
		items, err := o.List(t.Context(), 10)
		must(t, err)
		if dropped != 1 || len(items) != 1 || items[0].State != outbox.Dropped || !items[0].NextAt.IsZero() || items[0].DoneAt.IsZero() {
			t.Errorf("got %d dropped and %+v", dropped, items)
		}
		var left int
		must(t, o.DB.Get(t.Context(), &left, "SELECT length(payload) FROM outbox"))
		if left != 0 {
			t.Errorf("%d bytes of its payload are left", left)
		}
	})
}
