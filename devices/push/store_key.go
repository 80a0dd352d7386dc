package push

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// keyID names the one key there is.
const keyID = "vapid"

var keyPlace = seal.Place{Table: "push_keys", Row: keyID, Column: "private_key"}

type keyRow struct {
	PrivateKey []byte `db:"private_key"`
}

func readKey(ctx context.Context, d *db.DB) (r keyRow, err error) {
	err = d.Get(ctx, &r, "SELECT private_key FROM push_keys WHERE id = $1", keyID)
	return r, err
}

// insertKey returns false if another node was faster; its key is the one.
func insertKey(tx *db.Tx, public, private []byte, now time.Time) (bool, error) {
	n, err := tx.Exec(`INSERT INTO push_keys (id, public_key, private_key, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`, keyID, public, private, db.At(now))
	return n == 1, err
}
