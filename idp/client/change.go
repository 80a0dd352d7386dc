package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

// New is a client to be added. What is left out gets its default:
// client_secret_basic, authorization_code and refresh_token, PKCE required,
// push-number, RS256, refresh tokens that rotate.
type New struct {
	ID                     string
	Name                   string // the id if left out
	AuthMethod             AuthMethod
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	Grants                 []Grant
	PKCE                   PKCE
	SecondFactor           SecondFactor
	IDTokenAlg             IDTokenAlg
	KeepRefreshTokens      bool // rotation off
	Origins                []string
}

// Add registers a client. The secret is told this once and kept only as a hash; a
// public client has none. It returns ErrTaken, or ErrUsed for the id of a client that
// was removed: tokens and journal entries may still name it.
func (s *Clients) Add(ctx context.Context, n New) (c Client, secret string, err error) {
	c = n.client()
	c.CreatedAt = db.At(s.now()).Time
	c.UpdatedAt = c.CreatedAt
	if err := c.check(); err != nil {
		return Client{}, "", fmt.Errorf("add client: %w", err)
	}
	err = s.write(ctx, func(tx *db.Tx) error {
		if err := insertClient(tx, c); err != nil {
			return err
		}
		if !c.Public() {
			fresh := s.newSecret()
			if err := insertSecret(tx, c.ID, fresh.Secret); err != nil {
				return err
			}
			c.secrets, secret = []Secret{fresh.Secret}, fresh.text
		}
		return s.recordTx(tx, "client.added", c.ID, c.settings())
	})
	if err != nil {
		return Client{}, "", fmt.Errorf("add client %q: %w", n.ID, err)
	}
	return c, secret, nil
}

// client fills in the defaults.
func (n New) client() Client {
	c := Client{
		ID: n.ID, Issuer: instance.MainIssuer, Name: cmp.Or(n.Name, n.ID),
		AuthMethod:   cmp.Or(n.AuthMethod, authMethods[0]),
		RedirectURIs: n.RedirectURIs, PostLogoutRedirectURIs: n.PostLogoutRedirectURIs,
		Grants: n.Grants, PKCE: cmp.Or(n.PKCE, pkces[0]),
		SecondFactor: cmp.Or(n.SecondFactor, secondFactors[0]), IDTokenAlg: cmp.Or(n.IDTokenAlg, idTokenAlgs[0]),
		RefreshRotation: !n.KeepRefreshTokens, Origins: n.Origins,
	}
	if len(c.Grants) == 0 {
		c.Grants = slices.Clone(defaultGrants)
	}
	c.deriveResponseTypes()
	return c
}

func (c *Client) deriveResponseTypes() {
	c.ResponseTypes = nil
	if slices.Contains(c.Grants, AuthorizationCode) {
		c.ResponseTypes = []ResponseType{Code}
	}
}

// Set changes a registration: change is given the present one and alters it. The id
// stays. A client that becomes public loses its secrets.
func (s *Clients) Set(ctx context.Context, id string, change func(*Client) error) (Client, error) {
	var c Client
	err := s.write(ctx, func(tx *db.Tx) error {
		before, err := findClientTx(tx, id)
		if err != nil {
			return err
		}
		c = before
		c.RedirectURIs, c.PostLogoutRedirectURIs = slices.Clone(c.RedirectURIs), slices.Clone(c.PostLogoutRedirectURIs)
		c.Grants, c.Origins = slices.Clone(c.Grants), slices.Clone(c.Origins)
		if err := change(&c); err != nil {
			return err
		}
		c.ID, c.Issuer, c.CreatedAt, c.UpdatedAt = before.ID, before.Issuer, before.CreatedAt, db.At(s.now()).Time
		c.deriveResponseTypes()
		if err := c.check(); err != nil {
			return err
		}
		changed := difference(before.settings(), c.settings())
		if len(changed) == 0 {
			c = before
			return nil
		}
		if err := updateClient(tx, c); err != nil {
			return err
		}
		if c.Public() {
			c.secrets = nil
			if err := deleteSecrets(tx, c.ID, 0); err != nil {
				return err
			}
		}
		return s.recordTx(tx, "client.changed", id, changed)
	})
	if err != nil {
		return Client{}, fmt.Errorf("change client %q: %w", id, err)
	}
	return c, nil
}

// Remove ends a registration. The row stays, so that its id is never used again.
func (s *Clients) Remove(ctx context.Context, id string) error {
	err := s.write(ctx, func(tx *db.Tx) error {
		if err := removeClient(tx, id, s.now()); err != nil {
			return err
		}
		if err := deleteSecrets(tx, id, 0); err != nil {
			return err
		}
		return s.recordTx(tx, "client.removed", id, nil)
	})
	if err != nil {
		return fmt.Errorf("remove client %q: %w", id, err)
	}
	return nil
}

// settings are what the journal tells of a registration. Nothing of it is secret.
func (c Client) settings() map[string]any {
	return map[string]any{
		"name": c.Name, "auth_method": c.AuthMethod, "redirect_uris": listed(c.RedirectURIs),
		"post_logout_redirect_uris": listed(c.PostLogoutRedirectURIs), "grants": c.Grants, "pkce": c.PKCE,
		"second_factor": c.SecondFactor, "id_token_alg": c.IDTokenAlg, "refresh_rotation": c.RefreshRotation,
		"origins": listed(c.Origins),
	}
}

// listed keeps an empty list from becoming null.
func listed(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// difference holds what is new in after.
func difference(before, after map[string]any) map[string]any {
	changed := map[string]any{}
	for k, v := range after {
		if fmt.Sprintf("%q", v) != fmt.Sprintf("%q", before[k]) {
			changed[k] = v
		}
	}
	return changed
}
