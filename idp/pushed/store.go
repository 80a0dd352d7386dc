package pushed

import (
	"context"
	"net/url"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

func (q *Requests) insert(tx *db.Tx, token, clientID string, parameters url.Values, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO pushed_requests (hash, issuer, epoch, client_id, parameters, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		random.Hash(token), instance.MainIssuer, q.Epoch, clientID, db.JSON[url.Values]{V: parameters}, db.At(now), db.At(now.Add(Life)))
	return err
}

func (q *Requests) use(tx *db.Tx, token, clientID string, now time.Time) (url.Values, error) {
	var parameters db.JSON[url.Values]
	err := tx.Get(&parameters, `UPDATE pushed_requests SET used_at = $1
		WHERE hash = $2 AND client_id = $3 AND epoch = $4 AND expires_at > $1 AND used_at IS NULL RETURNING parameters`,
		db.At(now), random.Hash(token), clientID, q.Epoch)
	return parameters.V, err
}

func (q *Requests) ledTo(ctx context.Context, token, clientID string) (login string, err error) {
	err = q.DB.Get(ctx, &login, `SELECT login_id FROM pushed_requests
		WHERE hash = $1 AND client_id = $2 AND epoch = $3 AND used_at IS NOT NULL`, random.Hash(token), clientID, q.Epoch)
	return login, err
}

func (q *Requests) setLogin(tx *db.Tx, token, loginID string) error {
	_, err := tx.Exec("UPDATE pushed_requests SET login_id = $1 WHERE hash = $2 AND epoch = $3 AND used_at IS NOT NULL AND login_id = ''",
		loginID, random.Hash(token), q.Epoch)
	return err
}

func (q *Requests) delete(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM pushed_requests WHERE hash IN
		(SELECT hash FROM pushed_requests WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(before), limit)
}
