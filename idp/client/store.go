package client

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// clientRow is a row of clients.
type clientRow struct {
	ID                     string
	Issuer                 string
	Name                   string
	State                  string
	AuthMethod             string                  `db:"auth_method"`
	RedirectURIs           db.Strings              `db:"redirect_uris"`
	PostLogoutRedirectURIs db.Strings              `db:"post_logout_redirect_uris"`
	Grants                 db.JSON[[]Grant]        `db:"grants"`
	ResponseTypes          db.JSON[[]ResponseType] `db:"response_types"`
	ResponseModes          db.JSON[[]ResponseMode] `db:"response_modes"`
	PKCE                   string                  `db:"pkce"`
	SecondFactor           string                  `db:"second_factor"`
	IDTokenAlg             string                  `db:"id_token_alg"`
	RefreshRotation        bool                    `db:"refresh_rotation"`
	Origins                db.Strings              `db:"origins"`
	JWKS                   string                  `db:"jwks"`
	JWKSURI                string                  `db:"jwks_uri"`
	AccessTokens           string                  `db:"access_tokens"`
	Resources              db.Strings              `db:"resources"`
	BackchannelLogoutURI   string                  `db:"backchannel_logout_uri"`
	FrontchannelLogoutURI  string                  `db:"frontchannel_logout_uri"`
	FirstParty             bool                    `db:"first_party"`
	FAPI                   int                     `db:"fapi"`
	CIBA                   string                  `db:"ciba"`
	CIBANotificationURI    string                  `db:"ciba_notification_uri"`
	PushedRequests         bool                    `db:"pushed_requests"`
	DPoP                   bool                    `db:"dpop"`
	SignedRequests         bool                    `db:"signed_requests"`
	CreatedAt              db.Time                 `db:"created_at"`
	UpdatedAt              db.Time                 `db:"updated_at"`
}

// secretRow is a row of client_secrets.
type secretRow struct {
	ID        string
	ClientID  string `db:"client_id"`
	Hash      []byte
	CreatedAt db.Time `db:"created_at"`
}

const (
	clientColumns = `id, issuer, name, auth_method, redirect_uris, post_logout_redirect_uris, grants, response_types,
		pkce, second_factor, id_token_alg, refresh_rotation, origins, jwks, jwks_uri, access_tokens, resources,
		backchannel_logout_uri, frontchannel_logout_uri, first_party, fapi, ciba, ciba_notification_uri, pushed_requests, dpop,
		signed_requests, response_modes, created_at, updated_at`
	clientByID      = "SELECT state, " + clientColumns + " FROM clients WHERE id = $1"
	secretsByClient = `SELECT id, client_id, hash, created_at FROM client_secrets WHERE client_id = $1
		ORDER BY created_at DESC, id DESC`
)

func (r clientRow) client() Client {
	return Client{
		ID: r.ID, Issuer: r.Issuer, Name: r.Name, removed: r.State != "active",
		AuthMethod: AuthMethod(r.AuthMethod), RedirectURIs: r.RedirectURIs.V,
		PostLogoutRedirectURIs: r.PostLogoutRedirectURIs.V, Grants: r.Grants.V, ResponseTypes: r.ResponseTypes.V,
		PKCE: PKCE(r.PKCE), SecondFactor: SecondFactor(r.SecondFactor), IDTokenAlg: IDTokenAlg(r.IDTokenAlg),
		RefreshRotation: r.RefreshRotation, Origins: r.Origins.V, JWKS: r.JWKS, JWKSURI: r.JWKSURI,
		AccessTokens: AccessTokens(r.AccessTokens), Resources: r.Resources.V, BackchannelLogoutURI: r.BackchannelLogoutURI,
		FrontchannelLogoutURI: r.FrontchannelLogoutURI, FirstParty: r.FirstParty, FAPI: FAPI(r.FAPI), CIBA: CIBADelivery(r.CIBA),
		CIBANotificationURI: r.CIBANotificationURI, PushedRequests: r.PushedRequests, DPoP: r.DPoP, SignedRequests: r.SignedRequests,
		ResponseModes: r.ResponseModes.V,
		CreatedAt:     r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func (c *Client) takeSecrets(rows []secretRow) {
	for _, r := range rows {
		c.secrets = append(c.secrets, Secret{ID: r.ID, CreatedAt: r.CreatedAt.Time, hash: r.Hash})
	}
}

// loadClients reads all registrations, the removed ones too: that an id is void is
// worth remembering.
func loadClients(ctx context.Context, d *db.DB) (map[string]Client, error) {
	var rows []clientRow
	if err := d.Select(ctx, &rows, "SELECT state, "+clientColumns+" FROM clients"); err != nil {
		return nil, err
	}
	var secrets []secretRow
	if err := d.Select(ctx, &secrets, `SELECT id, client_id, hash, created_at FROM client_secrets
		ORDER BY created_at DESC, id DESC`); err != nil {
		return nil, err
	}
	of := map[string][]secretRow{}
	for _, r := range secrets {
		of[r.ClientID] = append(of[r.ClientID], r)
	}
	all := make(map[string]Client, len(rows))
	for _, r := range rows {
		c := r.client()
		c.takeSecrets(of[c.ID])
		all[c.ID] = c
	}
	return all, nil
}

// findClient reads one registration, or returns ErrNotFound.
func findClient(ctx context.Context, d *db.DB, id string) (Client, error) {
	return readClient(
		func(dest any, query string) error { return d.Get(ctx, dest, query, id) },
		func(dest any, query string) error { return d.Select(ctx, dest, query, id) })
}

// findClientTx is findClient in a transaction.
func findClientTx(tx *db.Tx, id string) (Client, error) {
	return readClient(
		func(dest any, query string) error { return tx.Get(dest, query, id) },
		func(dest any, query string) error { return tx.Select(dest, query, id) })
}

func readClient(get, sel func(dest any, query string) error) (Client, error) {
	var r clientRow
	if err := get(&r, clientByID); errors.Is(err, db.ErrNotFound) {
		return Client{}, ErrNotFound
	} else if err != nil {
		return Client{}, err
	}
	c := r.client()
	if c.removed {
		return Client{}, ErrNotFound
	}
	var secrets []secretRow
	if err := sel(&secrets, secretsByClient); err != nil {
		return Client{}, err
	}
	c.takeSecrets(secrets)
	return c, nil
}

func insertClient(tx *db.Tx, c Client) error {
	var state string
	switch err := tx.Get(&state, "SELECT state FROM clients WHERE id = $1", c.ID); {
	case err == nil && state == "active":
		return ErrTaken
	case err == nil:
		return ErrUsed
	case !errors.Is(err, db.ErrNotFound):
		return err
	}
	return tx.Must(ErrTaken, `INSERT INTO clients (state, `+clientColumns+`)
		VALUES ('active', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
			$24, $25, $26, $27, $28, $29) ON CONFLICT DO NOTHING`, clientValues(c)...)
}

// clientValues are the values of clientColumns.
func clientValues(c Client) []any {
	return []any{
		c.ID, c.Issuer, c.Name, string(c.AuthMethod), db.List(c.RedirectURIs...), db.List(c.PostLogoutRedirectURIs...),
		db.JSON[[]Grant]{V: c.Grants}, db.JSON[[]ResponseType]{V: c.ResponseTypes}, string(c.PKCE), string(c.SecondFactor),
		string(c.IDTokenAlg), c.RefreshRotation, db.List(c.Origins...), c.JWKS, c.JWKSURI, string(c.AccessTokens),
		db.List(c.Resources...), c.BackchannelLogoutURI, c.FrontchannelLogoutURI, c.FirstParty, int(c.FAPI), string(c.CIBA),
		c.CIBANotificationURI, c.PushedRequests, c.DPoP, c.SignedRequests,
		db.JSON[[]ResponseMode]{V: listed(c.ResponseModes)}, db.At(c.CreatedAt), db.At(c.UpdatedAt),
	}
}

func updateClient(tx *db.Tx, c Client) error {
	return tx.Must(ErrNotFound, `UPDATE clients SET (`+clientColumns+`) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
			$14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
		WHERE id = $1 AND state = 'active'`, clientValues(c)...)
}

func removeClient(tx *db.Tx, id string, at time.Time) error {
	return tx.Must(ErrNotFound, "UPDATE clients SET state = 'removed', updated_at = $2 WHERE id = $1 AND state = 'active'",
		id, db.At(at))
}

func insertSecret(tx *db.Tx, clientID string, s Secret) error {
	_, err := tx.Exec("INSERT INTO client_secrets (id, client_id, hash, created_at) VALUES ($1, $2, $3, $4)",
		s.ID, clientID, s.hash, db.At(s.CreatedAt))
	return err
}

// deleteSecrets deletes all secrets of a client but the newest few.
func deleteSecrets(tx *db.Tx, clientID string, keep int) error {
	_, err := tx.Exec(`DELETE FROM client_secrets WHERE client_id = $1 AND id NOT IN
		(SELECT id FROM client_secrets WHERE client_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)`, clientID, keep)
	return err
}
