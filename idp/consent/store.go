package consent

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

// kind says whether a row is about a scope or a claim: some have the same name.
type kind string

const (
	scope kind = "scope"
	claim kind = "claim"
)

type row struct {
	ClientID  string `db:"client_id"`
	Kind      kind
	Name      string
	AllowedAt db.Time `db:"allowed_at"`
}

const (
	byClient = "SELECT client_id, kind, name, allowed_at FROM consents WHERE user_id = $1 AND client_id = $2 ORDER BY kind, name"
	byUser   = "SELECT client_id, kind, name, allowed_at FROM consents WHERE user_id = $1 ORDER BY client_id, kind, name"
)

func (c *Consents) ofClient(ctx context.Context, userID, clientID string) (rows []row, err error) {
	err = c.DB.Select(ctx, &rows, byClient, userID, clientID)
	return rows, err
}

func (c *Consents) ofClientTx(tx *db.Tx, userID, clientID string) (rows []row, err error) {
	err = tx.Select(&rows, byClient, userID, clientID)
	return rows, err
}

func (c *Consents) ofUser(ctx context.Context, userID string) (rows []row, err error) {
	err = c.DB.Select(ctx, &rows, byUser, userID)
	return rows, err
}

func (c *Consents) insert(tx *db.Tx, userID, clientID string, k kind, name string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO consents (issuer, user_id, client_id, kind, name, allowed_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, instance.MainIssuer, userID, clientID, k, name, db.At(now))
	return err
}

func (c *Consents) delete(tx *db.Tx, userID, clientID string) (int64, error) {
	return tx.Exec("DELETE FROM consents WHERE user_id = $1 AND client_id = $2", userID, clientID)
}
