package instance_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

func TestTheLastBackupIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := t.Context(), time.UnixMilli(1_800_000_000_123).UTC()
		if _, err := instance.Open(ctx, d, seal.NewKey(), now); err != nil {
			t.Fatal(err)
		}
		if at, err := instance.LastBackup(ctx, d); err != nil || !at.IsZero() {
			t.Errorf("before the first one: got %v, %v", at, err)
		}
		for _, of := range []time.Time{now, now.Add(time.Hour), now.Add(time.Minute)} { // the last one took longer
			if err := instance.BackedUp(ctx, d, instance.Taken{Of: of, Rows: 7, Bytes: 1000, Key: "k"}, now.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if at, err := instance.LastBackup(ctx, d); err != nil || !at.Equal(now.Add(time.Hour)) {
			t.Errorf("got %v, %v, want the latest", at, err)
		}
		var entries int
		if err := d.Get(ctx, &entries, "SELECT count(*) FROM audit WHERE action = 'instance.backed_up'"); err != nil || entries != 3 {
			t.Errorf("got %d entries, %v, want one for each", entries, err)
		}
	})
}
