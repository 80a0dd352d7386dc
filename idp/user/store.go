package user

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// userRow is a row of users.
type userRow struct {
	ID                string
	Name              string
	State             string
	PasswordHash      *string         `db:"password_hash"`
	PasswordChangedAt db.Time         `db:"password_changed_at"`
	Claims            db.JSON[Claims] `db:"claims"`
	CreatedAt         db.Time         `db:"created_at"`
	UpdatedAt         db.Time         `db:"updated_at"`
}

func (r userRow) user() User {
	u := User{ID: r.ID, Name: r.Name, State: State(r.State), PasswordChangedAt: r.PasswordChangedAt.Time,
		Claims: r.Claims.V, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time}
	if r.PasswordHash != nil {
		u.PasswordHash = *r.PasswordHash
	}
	return u
}

const userColumns = "id, name, state, password_hash, password_changed_at, claims, created_at, updated_at"

// Queries for one person. Where a key is one person's name and another one's
// address, which only two changes at the same moment can bring about, the name wins.
const (
	userByID  = "SELECT " + userColumns + " FROM users WHERE id = $1"
	userByKey = "SELECT " + userColumns + ` FROM users WHERE name_key = $1 OR email_key = $1
		ORDER BY CASE WHEN name_key = $1 THEN 0 ELSE 1 END LIMIT 1`
)

func findUser(ctx context.Context, d *db.DB, query, value string) (User, error) {
	var r userRow
	err := d.Get(ctx, &r, query, value)
	return r.user(), err
}

func getUserTx(tx *db.Tx, id string) (User, error) {
	var r userRow
	err := tx.Get(&r, userByID, id)
	return r.user(), err
}

func listUsers(ctx context.Context, d *db.DB, afterKey string, limit int) ([]User, error) {
	var rows []userRow
	if err := d.Select(ctx, &rows, "SELECT "+userColumns+" FROM users WHERE name_key > $1 ORDER BY name_key LIMIT $2",
		afterKey, limit); err != nil {
		return nil, err
	}
	users := make([]User, 0, len(rows))
	for _, r := range rows {
		users = append(users, r.user())
	}
	return users, nil
}

// lockUser makes other changes of the same row wait for the end of the
// transaction, on both engines.
func lockUser(tx *db.Tx, id string) error {
	return tx.Must(ErrNotFound, "UPDATE users SET state = state WHERE id = $1", id)
}

func emailKey(u User) *string { return nullable(Key(u.Claims.Email)) }

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// taken reports whether somebody but id is found under the name or the address.
// The two kinds of key share one space: a name that is another's address would
// answer to what the other one types.
func taken(tx *db.Tx, u User) error {
	for _, t := range []struct {
		key *string
		err error
	}{{nullable(Key(u.Name)), ErrNameTaken}, {emailKey(u), ErrEmailTaken}} {
		var n int
		if t.key == nil {
			continue
		}
		if err := tx.Get(&n, "SELECT count(*) FROM users WHERE (name_key = $1 OR email_key = $1) AND id <> $2",
			*t.key, u.ID); err != nil {
			return err
		}
		if n > 0 {
			return t.err
		}
	}
	return nil
}

func insertUser(tx *db.Tx, u User) error {
	if err := taken(tx, u); err != nil {
		return err
	}
	return tx.Must(ErrNameTaken, `INSERT INTO users (id, name, name_key, email_key, state, password_hash, password_changed_at,
			claims, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT DO NOTHING`,
		u.ID, u.Name, Key(u.Name), emailKey(u), string(u.State), nullable(u.PasswordHash), db.At(u.PasswordChangedAt),
		db.JSON[Claims]{V: u.Claims}, db.At(u.CreatedAt))
}

func updateProfile(tx *db.Tx, u User) error {
	if err := taken(tx, u); err != nil {
		return err
	}
	return tx.Must(ErrNotFound, `UPDATE users SET name = $2, name_key = $3, email_key = $4, claims = $5, updated_at = $6
		WHERE id = $1`,
		u.ID, u.Name, Key(u.Name), emailKey(u), db.JSON[Claims]{V: u.Claims}, db.At(u.UpdatedAt))
}

// updateState reports false if the person is in that state already.
func updateState(tx *db.Tx, id string, to State) (changed bool, err error) {
	n, err := tx.Exec("UPDATE users SET state = $2 WHERE id = $1 AND state <> $2", id, string(to))
	if err != nil || n == 1 {
		return n == 1, err
	}
	return false, lockUser(tx, id)
}

func isActive(tx *db.Tx, id string) (bool, error) {
	var n int
	err := tx.Get(&n, "SELECT count(*) FROM users WHERE id = $1 AND state = 'active'", id)
	return n == 1, err
}

func updatePassword(tx *db.Tx, id, hash string, at time.Time) error {
	return tx.Must(ErrNotFound, "UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1",
		id, nullable(hash), db.At(at))
}

func replaceHash(tx *db.Tx, id, old, hash string) (bool, error) {
	n, err := tx.Exec("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2", id, old, hash)
	return n == 1, err
}
