package db

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// ErrReplayed is returned by Tx.Once for a value that was used before.
var ErrReplayed = errors.New("used before")

// Once uses up a value of a kind, such as the jti of a DPoP proof, until
// expires. The second use returns ErrReplayed, on every node and after a restart.
func (t *Tx) Once(kind, value string, expires time.Time) error {
	hash := sha256.Sum256([]byte(value))
	return t.Must(ErrReplayed,
		"INSERT INTO replays (kind, hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		kind, hash[:], At(expires))
}

// SweepOnce forgets used values that have expired, at most limit of them, and
// returns how many it forgot.
func (d *DB) SweepOnce(ctx context.Context, now time.Time, limit int) (swept int64, err error) {
	err = d.Write(ctx, func(tx *Tx) error {
		swept, err = tx.Exec(`DELETE FROM replays WHERE (kind, hash) IN
			(SELECT kind, hash FROM replays WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, At(now), limit)
		return err
	})
	return swept, err
}
