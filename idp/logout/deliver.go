package logout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/random"
)

// claims are those of a logout token (OpenID Connect Back-Channel Logout 1.0, section
// 2.4). There is never a nonce: it is what tells the token from an ID token.
type claims struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub"`
	Audience string              `json:"aud"`
	IssuedAt int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Events   map[string]struct{} `json:"events"`
	SID      string              `json:"sid"`
}

const (
	tokenType = "logout+jwt" // Back-Channel Logout 1.0, section 2.4
	event     = "http://schemas.openid.net/event/backchannel-logout"
	// tokenLife is how long a client may take to read it. It is made for each attempt.
	tokenLife = 2 * time.Minute
	// within is how long a client may take to answer.
	within = 5 * time.Second
)

// Deliver makes one attempt to tell one client. The token is made here and not when the
// session ended, so that it is fresh whenever it arrives.
func (l *Logout) Deliver(ctx context.Context, _ string, payload []byte) error {
	var o over
	if err := json.Unmarshal(payload, &o); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a logout: %w", err)}
	}
	c, err := l.Clients.Get(ctx, o.ClientID)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return &outbox.DropError{Reason: "the client was removed"}
	case err != nil:
		return err
	case c.BackchannelLogoutURI == "":
		return &outbox.DropError{Reason: "the client wants to be told no more"}
	}
	token, err := l.mint(ctx, c, o)
	if err != nil {
		return err
	}
	return l.post(ctx, c.BackchannelLogoutURI, token)
}

// mint signs a logout token the way the client wants its ID tokens signed (section 2.4).
func (l *Logout) mint(ctx context.Context, c client.Client, o over) (string, error) {
	key, err := l.Keys.Signer(ctx, keys.Algorithm(c.IDTokenAlg))
	if err != nil {
		return "", fmt.Errorf("mint a logout token: %w", err)
	}
	now := l.now()
	return key.SignClaims(claims{
		Issuer: l.Issuer, Subject: o.Subject, Audience: c.ID, IssuedAt: now.Unix(), Expires: now.Add(tokenLife).Unix(),
		ID: random.ID("lgt"), Events: map[string]struct{}{event: {}}, SID: o.SID,
	}, tokenType)
}

// post sends the token (sections 2.5 and 2.8). A client that finds fault with it will do so
// again; whatever else it answers may be better the next time.
func (l *Logout) post(ctx context.Context, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	form := url.Values{"logout_token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return &outbox.FinalError{Err: errors.New("tell of a logout: the address cannot be read")} // it may hold a secret
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "nod")
	err = l.Client.Tell(req, l.now())
	var answer *outbound.AnswerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Status == http.StatusBadRequest:
		return &outbox.FinalError{Err: fmt.Errorf("tell of a logout: %s refused the token", req.URL.Host)}
	}
	return fmt.Errorf("tell of a logout: %w", err)
}
