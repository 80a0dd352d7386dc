package passkey

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

const columns = "id, user_id, rp_id, user_handle, credential_id, record, name, sign_count, backup_eligible, created_at, used_at"

type row struct {
	ID             string
	UserID         string `db:"user_id"`
	RPID           string `db:"rp_id"`
	Handle         []byte `db:"user_handle"`
	Credential     []byte `db:"credential_id"`
	Record         []byte
	Name           string
	SignCount      int64   `db:"sign_count"`
	BackupEligible int64   `db:"backup_eligible"`
	CreatedAt      db.Time `db:"created_at"`
	UsedAt         db.Time `db:"used_at"`
}

func (r row) passkey() Passkey {
	return Passkey{
		ID: r.ID, UserID: r.UserID, RPID: r.RPID, Name: r.Name, BackupEligible: r.BackupEligible != 0,
		CreatedAt: r.CreatedAt.Time, UsedAt: r.UsedAt.Time,
		handle: r.Handle, credential: r.Credential, sealed: r.Record, signCount: uint32(r.SignCount),
	}
}

func place(id string) seal.Place { return seal.Place{Table: "passkeys", Row: id, Column: "record"} }

// insertTx stores a new passkey, unless anybody has it already.
func (p *Passkeys) insertTx(tx *db.Tx, m Made) error {
	k, eligible := m.passkey, int64(0)
	if k.BackupEligible {
		eligible = 1
	}
	return tx.Must(ErrRegistered, `INSERT INTO passkeys
		(id, user_id, rp_id, user_handle, credential_id, record, name, flags, sign_count, backup_eligible, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (credential_id) DO NOTHING`,
		k.ID, k.UserID, k.RPID, k.handle, k.credential, p.Box.Seal(place(k.ID), m.whole), k.Name, int64(m.flags), int64(k.signCount),
		eligible, db.At(k.CreatedAt))
}

// onceTx uses the challenge of a registration up.
func (m Made) onceTx(tx *db.Tx) error {
	err := tx.Once("passkey.register", m.challenge, m.until)
	if errors.Is(err, db.ErrReplayed) {
		return ErrRegistered
	}
	return err
}

func (p *Passkeys) list(ctx context.Context, userID string) ([]Passkey, error) {
	var rows []row
	err := p.DB.Select(ctx, &rows, "SELECT "+columns+" FROM passkeys WHERE user_id = $1 ORDER BY created_at, id", userID)
	return passkeys(rows), err
}

// here returns those that work at the present host.
func (p *Passkeys) here(ctx context.Context, userID string) ([]Passkey, error) {
	var rows []row
	err := p.DB.Select(ctx, &rows, "SELECT "+columns+" FROM passkeys WHERE user_id = $1 AND rp_id = $2 ORDER BY created_at, id", userID, p.rpID())
	return passkeys(rows), err
}

func passkeys(rows []row) []Passkey {
	list := make([]Passkey, len(rows))
	for i, r := range rows {
		list[i] = r.passkey()
	}
	return list
}

func (p *Passkeys) get(ctx context.Context, userID, id string) (Passkey, error) {
	return p.one(ctx, "SELECT "+columns+" FROM passkeys WHERE user_id = $1 AND id = $2", userID, id)
}

func (p *Passkeys) byCredential(ctx context.Context, id []byte) (Passkey, error) {
	return p.one(ctx, "SELECT "+columns+" FROM passkeys WHERE credential_id = $1", id)
}

func (p *Passkeys) one(ctx context.Context, query string, args ...any) (Passkey, error) {
	var r row
	err := p.DB.Get(ctx, &r, query, args...)
	if errors.Is(err, db.ErrNotFound) {
		return Passkey{}, ErrNotFound
	}
	return r.passkey(), err
}

// useTx notes a use. Of two at once the higher count stays.
func useTx(tx *db.Tx, u Use, now time.Time) error {
	return tx.Must(ErrWrong, `UPDATE passkeys SET flags = $1, used_at = $2,
		sign_count = CASE WHEN sign_count < $3 THEN $3 ELSE sign_count END
		WHERE id = $4 AND user_id = $5`,
		int64(u.flags), db.At(now), int64(u.signCount), u.Passkey.ID, u.Passkey.UserID)
}

func renameTx(tx *db.Tx, userID, id, name string) error {
	return tx.Must(ErrNotFound, "UPDATE passkeys SET name = $1 WHERE id = $2 AND user_id = $3", name, id, userID)
}

func removeTx(tx *db.Tx, userID, id string) (Passkey, error) {
	var r row
	err := tx.Get(&r, "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING "+columns, id, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Passkey{}, ErrNotFound
	}
	return r.passkey(), err
}

func anyTx(tx *db.Tx, userID string) (bool, error) {
	var n int
	err := tx.Get(&n, "SELECT count(*) FROM passkeys WHERE user_id = $1", userID)
	return n > 0, err
}
