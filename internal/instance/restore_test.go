package instance_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

func TestEveryRestoreBeginsAnEpochOfItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		key, now := seal.NewKey(), time.Unix(1_800_000_000, 0)
		_, err := instance.Open(t.Context(), d, key, now)
		if err != nil {
			t.Fatal(err)
		}
		restore := func(keys seal.Keys, at time.Time) (in *instance.Instance, err error) {
			err = d.Write(t.Context(), func(tx *db.Tx) error {
				in, err = instance.RestoreTx(tx, keys, at)
				return err
			})
			return in, err
		}
		if _, err := restore(seal.NewKey(), now); !errors.Is(err, instance.ErrWrongKey) {
			t.Errorf("with another key: got %v, want ErrWrongKey", err)
		}
		for i, at := range []time.Time{now, now.Add(time.Minute), now.Add(-time.Hour)} {
			in, err := restore(key, at)
			want := []int64{now.Unix(), now.Unix() + 60, now.Unix() + 61}[i]
			if err != nil || in.Epoch != want || !in.RestoredAt.Equal(at) {
				t.Errorf("restore %d: got %+v, %v, want epoch %d", i+1, in, err, want)
			}
			again, err := instance.Open(t.Context(), d, key, at)
			if err != nil || again.Epoch != want || !again.RestoredAt.Equal(at) {
				t.Errorf("opened after restore %d: got %+v, %v", i+1, again, err)
			}
		}
	})
}
