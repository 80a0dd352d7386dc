package token

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
)

type row struct {
	ID        string
	UserID    string `db:"user_id"`
	Kind      Kind
	Name      string
	Secret    []byte
	Algorithm otp.Hash
	Digits    int
	Period    int64
	Counter   int64
	State     State
	MadeBy    string  `db:"made_by"`
	CreatedAt db.Time `db:"created_at"`
	UsedAt    db.Time `db:"used_at"`
}

func (r row) token() Token {
	return Token{
		ID: r.ID, UserID: r.UserID, Kind: r.Kind, Name: r.Name, Algorithm: r.Algorithm, Digits: r.Digits, Period: period(r.Period),
		State: r.State, MadeBy: r.MadeBy, CreatedAt: r.CreatedAt.Time, UsedAt: r.UsedAt.Time, counter: r.Counter, sealed: r.Secret,
	}
}

const (
	columns    = "id, user_id, kind, name, secret, algorithm, digits, period, counter, state, made_by, created_at, used_at"
	selectOne  = "SELECT " + columns + " FROM otp_tokens WHERE id = $1 AND user_id = $2"
	selectUser = "SELECT " + columns + " FROM otp_tokens WHERE user_id = $1 AND state = 'active' ORDER BY created_at, id"
)

func (s *Tokens) read(ctx context.Context, userID, id string) (Token, error) {
	var r row
	err := s.DB.Get(ctx, &r, selectOne, id, userID)
	return r.token(), missing(err)
}

func readTx(tx *db.Tx, userID, id string) (Token, error) {
	var r row
	err := tx.Get(&r, selectOne, id, userID)
	return r.token(), missing(err)
}

func (s *Tokens) readActive(ctx context.Context, userID string) ([]Token, error) {
	var rows []row
	err := s.DB.Select(ctx, &rows, selectUser, userID)
	return tokens(rows), err
}

func readActiveTx(tx *db.Tx, userID string) ([]Token, error) {
	var rows []row
	err := tx.Select(&rows, selectUser, userID)
	return tokens(rows), err
}

func tokens(rows []row) []Token {
	all := make([]Token, len(rows))
	for i, r := range rows {
		all[i] = r.token()
	}
	return all
}

func countActiveTx(tx *db.Tx, userID string) (n int, err error) {
	err = tx.Get(&n, "SELECT count(*) FROM otp_tokens WHERE user_id = $1 AND state = 'active'", userID)
	return n, err
}

func hasActiveTx(tx *db.Tx, userID string) (bool, error) {
	n, err := countActiveTx(tx, userID)
	return n > 0, err
}

func (s *Tokens) insertTx(tx *db.Tx, t Token, action string) error {
	_, err := tx.Exec(`INSERT INTO otp_tokens (id, user_id, kind, name, secret, algorithm, digits, period, counter, state, made_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t.ID, t.UserID, t.Kind, t.Name, t.sealed, t.Algorithm, t.Digits, int64(t.Period/time.Second), t.counter, t.State, t.MadeBy, db.At(t.CreatedAt))
	if err != nil {
		return err
	}
	return s.recordTx(tx, t, action)
}

func activateTx(tx *db.Tx, id string, counter int64, now time.Time) error {
	return tx.Must(ErrNotFound, "UPDATE otp_tokens SET state = 'active', counter = $1, used_at = $2 WHERE id = $3 AND state = 'pending'",
		counter, db.At(now), id)
}

// takeTx uses up a passcode, and with it all before: of two who bring the same one the
// second finds the counter there already.
func takeTx(tx *db.Tx, otherwise error, id string, counter int64, now time.Time) error {
	return tx.Must(otherwise, "UPDATE otp_tokens SET counter = $1, used_at = $2 WHERE id = $3 AND state = 'active' AND counter < $1",
		counter, db.At(now), id)
}

func moveTx(tx *db.Tx, otherwise error, id string, counter int64) error {
	return tx.Must(otherwise, "UPDATE otp_tokens SET counter = $1 WHERE id = $2 AND state = 'active' AND counter < $1", counter, id)
}

func renameTx(tx *db.Tx, userID, id, name string) error {
	return tx.Must(ErrNotFound, "UPDATE otp_tokens SET name = $1 WHERE id = $2 AND user_id = $3 AND state = 'active'", name, id, userID)
}

func deleteTx(tx *db.Tx, userID, id string) error {
	return tx.Must(ErrNotFound, "DELETE FROM otp_tokens WHERE id = $1 AND user_id = $2", id, userID)
}

func dropPendingTx(tx *db.Tx, userID string) error {
	_, err := tx.Exec("DELETE FROM otp_tokens WHERE user_id = $1 AND state = 'pending'", userID)
	return err
}

func deletePendingTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM otp_tokens WHERE id IN
		(SELECT id FROM otp_tokens WHERE state = 'pending' AND created_at < $1 ORDER BY created_at LIMIT $2)`, db.At(before), limit)
}

func missing(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// restoreTx also forgets what nobody has proved yet.
func restoreTx(tx *db.Tx, now time.Time, ahead int64) error {
	if _, err := tx.Exec("DELETE FROM otp_tokens WHERE state = 'pending'"); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE otp_tokens SET counter = $1 / period WHERE kind = $2 AND counter < $1 / period", now.Unix(), TOTP); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE otp_tokens SET counter = counter + $1 WHERE kind = $2", ahead, HOTP)
	return err
}
