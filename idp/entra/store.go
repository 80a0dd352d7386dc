package entra

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

type tenantRow struct {
	ID        string
	Name      string
	Tenant    string
	AppID     string `db:"app_id"`
	ClientID  string `db:"client_id"`
	Cloud     Cloud
	Authority string
	ReplyURL  string `db:"reply_url"`
	Enrol     bool
	CreatedAt db.Time `db:"created_at"`
}

func (s *Tenants) tenants(ctx context.Context) ([]Tenant, error) {
	var rows []tenantRow
	err := s.DB.Select(ctx, &rows, `SELECT id, name, tenant, app_id, client_id, cloud, authority, reply_url, enrol, created_at
		FROM entra_tenants ORDER BY name`)
	all := make([]Tenant, len(rows))
	for i, r := range rows {
		all[i] = Tenant{
			ID: r.ID, Name: r.Name, TenantID: r.Tenant, AppID: r.AppID, ClientID: r.ClientID, Cloud: r.Cloud,
			Authority: r.Authority, Reply: r.ReplyURL, Enrol: r.Enrol, CreatedAt: r.CreatedAt.Time,
		}
	}
	return all, err
}

func insertTenantTx(tx *db.Tx, t Tenant) error {
	return tx.Must(ErrNameTaken, `INSERT INTO entra_tenants (id, name, tenant, app_id, client_id, cloud, authority, reply_url, enrol, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		t.ID, t.Name, t.TenantID, t.AppID, t.ClientID, t.Cloud, t.Authority, t.Reply, t.Enrol, db.At(t.CreatedAt))
}

// removeTenantTx takes links and codes along.
func removeTenantTx(tx *db.Tx, id string) error {
	return tx.Must(ErrNotFound, "DELETE FROM entra_tenants WHERE id = $1", id)
}

type linkRow struct {
	OID       string
	UserID    string  `db:"user_id"`
	Name      string  // of the person
	MadeBy    string  `db:"made_by"`
	CreatedAt db.Time `db:"created_at"`
}

func (s *Tenants) links(ctx context.Context, tenantID string) (rows []linkRow, err error) {
	err = s.DB.Select(ctx, &rows, `SELECT l.oid, l.user_id, u.name, l.made_by, l.created_at FROM entra_links l
		JOIN users u ON u.id = l.user_id WHERE l.entra_id = $1 ORDER BY u.name_key, l.oid`, tenantID)
	return rows, err
}

// holder is whose account it is, "" for nobody's.
func (s *Tenants) holder(ctx context.Context, tenantID, oid string) (userID string, err error) {
	err = s.DB.Get(ctx, &userID, "SELECT user_id FROM entra_links WHERE entra_id = $1 AND oid = $2", tenantID, oid)
	if errors.Is(err, db.ErrNotFound) {
		err = nil
	}
	return userID, err
}

func holderTx(tx *db.Tx, tenantID, oid string) (userID string, err error) {
	err = tx.Get(&userID, "SELECT user_id FROM entra_links WHERE entra_id = $1 AND oid = $2", tenantID, oid)
	if errors.Is(err, db.ErrNotFound) {
		err = nil
	}
	return userID, err
}

// insertLinkTx fails with ErrLinked if the account has somebody already.
func insertLinkTx(tx *db.Tx, l Link) error {
	return tx.Must(ErrLinked, `INSERT INTO entra_links (entra_id, oid, user_id, made_by, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		l.Tenant, l.OID, l.UserID, l.MadeBy, db.At(l.CreatedAt))
}

func removeLinkTx(tx *db.Tx, tenantID, oid string) error {
	return tx.Must(ErrNotLinked, "DELETE FROM entra_links WHERE entra_id = $1 AND oid = $2", tenantID, oid)
}

func (s *Tenants) insertCodeTx(tx *db.Tx, mac []byte, tenantID, userID string, now, until time.Time) error {
	_, err := tx.Exec("INSERT INTO entra_codes (mac, entra_id, user_id, epoch, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		mac, tenantID, userID, s.Epoch, db.At(now), db.At(until))
	return err
}

// dropCodesTx forgets the codes that a person was given before.
func dropCodesTx(tx *db.Tx, tenantID, userID string) error {
	_, err := tx.Exec("DELETE FROM entra_codes WHERE entra_id = $1 AND user_id = $2", tenantID, userID)
	return err
}

// useCodeTx uses a code up and returns whose it is.
func (s *Tenants) useCodeTx(tx *db.Tx, mac []byte, tenantID string, now time.Time) (userID string, err error) {
	err = tx.Get(&userID, "DELETE FROM entra_codes WHERE mac = $1 AND entra_id = $2 AND epoch = $3 AND expires_at > $4 RETURNING user_id",
		mac, tenantID, s.Epoch, db.At(now))
	if errors.Is(err, db.ErrNotFound) {
		err = ErrWrongCode
	}
	return userID, err
}

func forgetCodesTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec("DELETE FROM entra_codes WHERE mac IN (SELECT mac FROM entra_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)", db.At(before), limit)
}
