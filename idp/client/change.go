package client

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
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
	ResponseTypes          []ResponseType
	ResponseModes          []ResponseMode
	JWKS                   string
	JWKSURI                string
	AccessTokens           AccessTokens
	Resources              []string
	BackchannelLogoutURI   string
	FrontchannelLogoutURI  string
	FirstParty             bool
	FAPI                   FAPI
	CIBA                   CIBADelivery
	CIBANotificationURI    string
	PushedRequests         bool
	DPoP                   bool
	SignedRequests         bool
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
		if c.HasSecrets() {
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
		RefreshRotation: !n.KeepRefreshTokens, Origins: n.Origins, ResponseTypes: n.ResponseTypes,
		JWKS: n.JWKS, JWKSURI: n.JWKSURI, AccessTokens: cmp.Or(n.AccessTokens, accessTokens[0]), Resources: n.Resources,
		BackchannelLogoutURI: n.BackchannelLogoutURI, FrontchannelLogoutURI: n.FrontchannelLogoutURI, FirstParty: n.FirstParty,
		FAPI: n.FAPI, CIBA: n.CIBA, CIBANotificationURI: n.CIBANotificationURI,
		PushedRequests: n.PushedRequests, DPoP: n.DPoP, SignedRequests: n.SignedRequests, ResponseModes: n.ResponseModes,
	}
	if c.FAPI == FAPI2 {
		c.AuthMethod, c.IDTokenAlg = cmp.Or(n.AuthMethod, AuthPrivateKey), cmp.Or(n.IDTokenAlg, ES256)
		c.RefreshRotation = false
	}
	if len(c.Grants) == 0 && (len(c.ResponseTypes) == 0 || c.answersWith("code")) {
		c.Grants = slices.Clone(defaultGrants)
	}
	c.agree()
	return c
}

// answersWith reports whether a response type of the client's holds a part.
func (c Client) answersWith(part string) bool {
	return slices.ContainsFunc(c.ResponseTypes, func(t ResponseType) bool { return t.Has(part) })
}

// agree makes grants and response types fit (OpenID Connect Dynamic Client Registration
// 1.0, section 2): what was left out on one side follows from the other.
func (c *Client) agree() {
	drop := func(without string) {
		c.ResponseTypes = slices.DeleteFunc(c.ResponseTypes, func(t ResponseType) bool { return t.Has(without) })
	}
	if !c.AllowsGrant(string(AuthorizationCode)) {
		drop("code")
	} else if !c.answersWith("code") {
		c.ResponseTypes = append([]ResponseType{Code}, c.ResponseTypes...)
	}
	switch indirect := c.answersWith("id_token") || c.answersWith("token"); {
	case indirect && !c.AllowsGrant(string(Implicit)):
		c.Grants = append(c.Grants, Implicit)
	case !indirect && c.AllowsGrant(string(Implicit)):
		c.ResponseTypes = append(c.ResponseTypes, IDToken)
	}
	if c.CIBA != CIBAOff && !c.AllowsGrant(string(CIBA)) {
		c.Grants = append(c.Grants, CIBA)
	}
}

// Set changes a registration: change is given the present one and alters it. The id
// stays. A client that is to prove itself by no secret any more loses its secrets.
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
		c.ResponseTypes, c.Resources = slices.Clone(c.ResponseTypes), slices.Clone(c.Resources)
		c.ResponseModes = slices.Clone(c.ResponseModes)
		if err := change(&c); err != nil {
			return err
		}
		c.ID, c.Issuer, c.CreatedAt, c.UpdatedAt = before.ID, before.Issuer, before.CreatedAt, db.At(s.now()).Time
		c.followUp(before)
		c.agree()
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
		if !c.HasSecrets() {
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

// followUp drops what a change has made pointless: the grants and response types that the
// other side no longer has, and one kind of keys where the other was given.
func (c *Client) followUp(before Client) {
	if !slices.Equal(c.ResponseTypes, before.ResponseTypes) && slices.Equal(c.Grants, before.Grants) {
		c.Grants = slices.DeleteFunc(c.Grants, func(g Grant) bool {
			return g == Implicit || g == AuthorizationCode && !c.answersWith("code")
		})
		if !c.mayRefresh() {
			c.Grants = slices.DeleteFunc(c.Grants, func(g Grant) bool { return g == RefreshToken })
		}
	} else if !slices.Equal(c.Grants, before.Grants) && !c.AllowsGrant(string(Implicit)) {
		c.ResponseTypes = slices.DeleteFunc(c.ResponseTypes, func(t ResponseType) bool { return t.Has("id_token") || t.Has("token") })
	}
	switch {
	case c.JWKS != before.JWKS && c.JWKSURI == before.JWKSURI:
		c.JWKSURI = ""
	case c.JWKSURI != before.JWKSURI && c.JWKS == before.JWKS:
		c.JWKS = ""
	}
	if c.CIBA == CIBAOff && before.CIBA != CIBAOff {
		c.Grants = slices.DeleteFunc(c.Grants, func(g Grant) bool { return g == CIBA })
	}
}

// Remove ends a registration. The row stays, so that its id is never used again.
func (s *Clients) Remove(ctx context.Context, id string) error {
	if err := s.write(ctx, func(tx *db.Tx) error { return s.removeTx(tx, id) }); err != nil {
		return fmt.Errorf("remove client %q: %w", id, err)
	}
	return nil
}

func (s *Clients) removeTx(tx *db.Tx, id string) error {
	if err := removeClient(tx, id, s.now()); err != nil {
		return err
	}
	if err := deleteSecrets(tx, id, 0); err != nil {
		return err
	}
	return s.recordTx(tx, "client.removed", id, nil)
}

// settings are what the journal tells of a registration. Nothing of it is secret.
func (c Client) settings() map[string]any {
	return map[string]any{
		"name": c.Name, "auth_method": c.AuthMethod, "redirect_uris": listed(c.RedirectURIs),
		"post_logout_redirect_uris": listed(c.PostLogoutRedirectURIs), "grants": listed(c.Grants), "pkce": c.PKCE,
		"second_factor": c.SecondFactor, "id_token_alg": c.IDTokenAlg, "refresh_rotation": c.RefreshRotation,
		"origins": listed(c.Origins), "response_types": listed(c.ResponseTypes), "jwks": c.JWKS, "jwks_uri": c.JWKSURI,
		"access_tokens": c.AccessTokens, "resources": listed(c.Resources), "backchannel_logout_uri": c.BackchannelLogoutURI,
		"frontchannel_logout_uri": c.FrontchannelLogoutURI, "first_party": c.FirstParty, "fapi": c.FAPI, "ciba": c.CIBA,
		"ciba_notification_uri": c.CIBANotificationURI, "pushed_requests": c.PushedRequests, "dpop": c.DPoP,
		"signed_requests": c.SignedRequests, "response_modes": listed(c.ResponseModes),
	}
}

// listed keeps an empty list from becoming null.
func listed[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// difference holds what is new in after.
func difference(before, after map[string]any) map[string]any {
	changed := map[string]any{}
	for k, v := range after {
		if !reflect.DeepEqual(v, before[k]) {
			changed[k] = v
		}
	}
	return changed
}
