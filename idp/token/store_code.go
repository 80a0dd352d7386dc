package token

import (
	"database/sql"
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

type codeRow struct {
	Epoch       int64
	ClientID    string `db:"client_id"`
	UserID      string `db:"user_id"`
	SID         string
	RedirectURI string `db:"redirect_uri"`
	Nonce       string
	Scopes      db.Strings
	Claims      db.JSON[claims.Asked]
	Evidence    db.JSON[evidence.Evidence]
	JKT         string `db:"dpop_jkt"`
	Resources   db.Strings
	ExpiresAt   db.Time        `db:"expires_at"`
	UsedAt      db.Time        `db:"used_at"`
	GrantID     sql.NullString `db:"grant_id"`
}

func (t *Tokens) insertCode(tx *db.Tx, r CodeRequest, code string, now time.Time) error {
	login := sql.NullString{String: r.LoginID, Valid: r.LoginID != ""}
	return tx.Must(ErrCodeIssued, `INSERT INTO codes
		(hash, issuer, epoch, login_id, client_id, user_id, sid, redirect_uri, nonce, code_challenge, scopes, evidence, dpop_jkt, resources,
		created_at, expires_at, claims)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
		random.Hash(code), instance.MainIssuer, t.Epoch, login, r.ClientID, r.UserID, r.SID, r.RedirectURI, r.Nonce, r.CodeChallenge,
		db.List(r.Scopes...), db.JSON[evidence.Evidence]{V: r.Evidence}, r.DPoPThumbprint, db.List(r.Resources...), db.At(now), db.At(now.Add(t.codeLife())),
		db.JSON[claims.Asked]{V: r.Claims})
}

// useCode uses a code up under every condition it was issued under. It returns
// db.ErrNotFound when one of them does not hold.
func (t *Tokens) useCode(tx *db.Tx, code, clientID, redirectURI, challenge, jkt, grantID string, now time.Time) (r codeRow, err error) {
	err = tx.Get(&r, `UPDATE codes SET used_at = $1, grant_id = $2
		WHERE hash = $3 AND client_id = $4 AND redirect_uri = $5 AND code_challenge = $6
		AND epoch = $7 AND expires_at > $1 AND used_at IS NULL AND (dpop_jkt = '' OR dpop_jkt = $8)
		RETURNING epoch, client_id, user_id, sid, redirect_uri, nonce, scopes, claims, evidence, dpop_jkt, resources, expires_at, used_at, grant_id`,
		db.At(now), grantID, random.Hash(code), clientID, redirectURI, challenge, t.Epoch, jkt)
	return r, err
}

// codeByHash reads a code whatever became of it, to say why it was refused. It is
// the one look-up that does not name the epoch: the caller does.
func (t *Tokens) codeByHash(tx *db.Tx, code string) (r codeRow, err error) {
	err = tx.Get(&r, `SELECT epoch, client_id, user_id, sid, redirect_uri, nonce, scopes, claims, evidence, dpop_jkt, resources, expires_at, used_at, grant_id
		FROM codes WHERE hash = $1`, random.Hash(code))
	return r, err
}

// voidCodes ends the codes about one person that a client has not redeemed yet.
func (t *Tokens) voidCodes(tx *db.Tx, userID, clientID string, now time.Time) error {
	_, err := tx.Exec(`UPDATE codes SET expires_at = $1
		WHERE user_id = $2 AND client_id = $3 AND epoch = $4 AND used_at IS NULL AND expires_at > $1`, db.At(now), userID, clientID, t.Epoch)
	return err
}

func (t *Tokens) deleteCodes(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM codes WHERE hash IN
		(SELECT hash FROM codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(now.Add(-codeKept)), limit)
}
