package keys

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// The states of a key, see the package comment.
const (
	next    = "next"
	active  = "active"
	retired = "retired"
)

// version is the counter of internal/db that every change here bumps.
const version = "keys"

// row is one line of signing_keys. The kid is the primary key, and what binds the sealed private key to
// its line.
type row struct {
	KID       string  `db:"kid"`
	Algorithm string  `db:"algorithm"`
	State     string  `db:"state"`
	Private   []byte  `db:"private"`
	Public    string  `db:"public"`
	CreatedAt db.Time `db:"created_at"`
}

// errRow is wrapped by the error for a line that was not written by this code.
var errRow = errors.New("a row of signing_keys was altered")

func place(kid string) seal.Place {
	return seal.Place{Table: "signing_keys", Row: kid, Column: "private"}
}

// sealed turns a key into the row that holds it.
func (r *Ring) sealed(k *Key, state string) (row, error) {
	now := r.now()
	jwk, err := published(k, now)
	if err != nil {
		return row{}, err
	}
	public, err := json.Marshal(jwk)
	if err != nil {
		return row{}, fmt.Errorf("encode public key: %w", err)
	}
	der, err := k.Marshal()
	if err != nil {
		return row{}, fmt.Errorf("encode private key: %w", err)
	}
	defer clear(der)
	return row{
		KID: k.ID(), Algorithm: string(k.Algorithm()), State: state,
		Private: r.Box.Seal(place(k.ID()), der), Public: string(public), CreatedAt: db.At(now),
	}, nil
}

// opened turns a row back into the key and its public form. Only the private key is sealed, so whoever can
// write to the database could add a public key of his own and have every client trust it. Therefore a
// public key is believed only beside the private key it belongs to, and both only under their kid.
func (r *Ring) opened(line row) (*Key, jose.JSONWebKey, error) {
	var jwk jose.JSONWebKey
	der, err := r.Box.Open(place(line.KID), line.Private)
	if err != nil {
		return nil, jwk, err
	}
	defer clear(der)
	k, err := Parse(Algorithm(line.Algorithm), der)
	if err != nil {
		return nil, jwk, err
	}
	if err := json.Unmarshal([]byte(line.Public), &jwk); err != nil {
		return nil, jwk, fmt.Errorf("%w: %w", errRow, err)
	}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, jwk, fmt.Errorf("%w: %w", errRow, err)
	}
	name := base64.RawURLEncoding.EncodeToString(thumbprint)
	if k.ID() != line.KID || name != line.KID || jwk.KeyID != line.KID ||
		jwk.Algorithm != line.Algorithm || jwk.Use != "sig" || !jwk.IsPublic() {
		return nil, jwk, fmt.Errorf("%w: the parts of %.20q do not belong together", errRow, line.KID)
	}
	return k, jwk, nil
}

// rows reads the issuer's keys, the active ones first.
func (r *Ring) rows(ctx context.Context) (lines []row, err error) {
	err = r.DB.Select(ctx, &lines, `SELECT kid, algorithm, state, private, public, created_at
		FROM signing_keys WHERE issuer = $1 ORDER BY state, algorithm, created_at, kid`, r.issuer())
	return lines, err
}

// insertTx adds a key, or does nothing when it would be active and another node already put one there.
func (r *Ring) insertTx(tx *db.Tx, line row) error {
	var since db.Time
	if line.State == active {
		since = line.CreatedAt
	}
	n, err := tx.Exec(`INSERT INTO signing_keys (kid, issuer, algorithm, state, private, public, created_at, activated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		line.KID, r.issuer(), line.Algorithm, line.State, line.Private, line.Public, line.CreatedAt, since)
	if err != nil || n == 0 {
		return err
	}
	return r.recordTx(tx, "idp.signing_key.created", line.KID, line.Algorithm)
}

// readyTx finds the oldest next key of an algorithm that was created before the given time.
func (r *Ring) readyTx(tx *db.Tx, algorithm Algorithm, before time.Time) (kid string, err error) {
	err = tx.Get(&kid, `SELECT kid FROM signing_keys WHERE issuer = $1 AND algorithm = $2 AND state = 'next'
		AND created_at <= $3 ORDER BY created_at, kid LIMIT 1`, r.issuer(), string(algorithm), db.At(before))
	return kid, err
}

// activateTx makes a next key the active one of its algorithm and retires the one before.
func (r *Ring) activateTx(tx *db.Tx, algorithm Algorithm, kid string) error {
	now := db.At(r.now())
	if _, err := tx.Exec(`UPDATE signing_keys SET state = 'retired', retired_at = $3
		WHERE issuer = $1 AND algorithm = $2 AND state = 'active'`, r.issuer(), string(algorithm), now); err != nil {
		return err
	}
	err := tx.Must(ErrNotReady, `UPDATE signing_keys SET state = 'active', activated_at = $3
		WHERE issuer = $1 AND kid = $2 AND state = 'next'`, r.issuer(), kid, now)
	if err != nil {
		return err
	}
	return r.recordTx(tx, "idp.signing_key.activated", kid, string(algorithm))
}

// removeRetiredTx deletes the keys that were retired before the given time and returns how many.
func (r *Ring) removeRetiredTx(tx *db.Tx, before time.Time) (int, error) {
	var gone []row
	err := tx.Select(&gone, `DELETE FROM signing_keys WHERE issuer = $1 AND state = 'retired' AND retired_at <= $2
		RETURNING kid, algorithm`, r.issuer(), db.At(before))
	if err != nil {
		return 0, err
	}
	return len(gone), r.recordRemovedTx(tx, gone)
}

// removeAllTx deletes every key of an algorithm, whatever its state.
func (r *Ring) removeAllTx(tx *db.Tx, algorithm Algorithm) error {
	var gone []row
	err := tx.Select(&gone, "DELETE FROM signing_keys WHERE issuer = $1 AND algorithm = $2 RETURNING kid, algorithm",
		r.issuer(), string(algorithm))
	if err != nil {
		return err
	}
	return r.recordRemovedTx(tx, gone)
}

func (r *Ring) recordRemovedTx(tx *db.Tx, gone []row) error {
	for _, line := range gone {
		if err := r.recordTx(tx, "idp.signing_key.removed", line.KID, line.Algorithm); err != nil {
			return err
		}
	}
	return nil
}

// recordTx writes the audit entry of a change and tells every process of it.
func (r *Ring) recordTx(tx *db.Tx, action, kid, algorithm string) error {
	err := audit.Record(tx, audit.Entry{
		At: r.now(), Action: action, Subject: kid,
		Detail: map[string]any{"algorithm": algorithm, "issuer": r.issuer()},
	})
	if err != nil {
		return err
	}
	return tx.Bump(version)
}
