package instance_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

func TestAWrongKeyIsRefusedBeforeAnythingIsTouched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		key := seal.NewKey()
		first, err := instance.Open(t.Context(), d, key, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := instance.Open(t.Context(), d, seal.NewKey(), now); !errors.Is(err, instance.ErrWrongKey) {
			t.Errorf("another key: got %v, want ErrWrongKey", err)
		}
		again, err := instance.Open(t.Context(), d, key, now)
		if err != nil || again.ID != first.ID || again.Epoch != 1 {
			t.Errorf("the right key: got %+v, %v", again, err)
		}
	})
}

func TestTwoNodesThatStartOnAnEmptyDatabaseAgree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		key := seal.NewKey()
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Add(1)
			go func() {
				defer wg.Done()
				in, err := instance.Open(t.Context(), d, key, time.Now())
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = in.ID
			}()
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("got %q and %q", id, ids[0])
			}
		}
	})
}
