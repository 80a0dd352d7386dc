package oidc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
)

// The limits of fetching a request object.
const (
	fetchTime = 5 * time.Second
	maxObject = 64 << 10
)

// fetchObject gets a request object from where the client keeps it (RFC 9101, section
// 5.2). Only for a client with keys: nothing that it could answer would count otherwise,
// and this server goes nowhere for strangers. Nothing is kept.
func (s *Surface) fetchObject(ctx context.Context, c client.Client, address string) (string, *idp.OAuthError) {
	if c.JWKS == "" && c.JWKSURI == "" || s.ClientKeys.Outbound == nil {
		return "", fail(idp.RequestURINotSupported, "the client has no keys, so request_uri is not looked at", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	text, err := s.fetch(ctx, address)
	if err != nil {
		return "", fail(idp.InvalidRequestURI, "request_uri could not be fetched", err)
	}
	return text, nil
}

func (s *Surface) fetch(ctx context.Context, address string) (string, error) {
	address, _, _ = strings.Cut(address, "#") // OpenID Connect Core 1.0, section 6.2: a hash of the contents
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errors.New("it is no address")
	}
	req.Header.Set("Accept", "application/oauth-authz-req+jwt, application/jwt")
	resp, err := s.ClientKeys.Outbound.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", errors.New("the answer is " + resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxObject+1))
	if err == nil && len(body) > maxObject {
		err = errors.New("the answer is too long")
	}
	return strings.TrimSpace(string(body)), err
}
