// Package logout tells clients that a session has ended (OpenID Connect Back-Channel
// Logout 1.0). It owns the logout token and what an answer to it means. Which clients took
// part in a session is known by idp/session, which also ends it; that the token arrives in
// the end is left to internal/outbox. The frames of Front-Channel Logout belong to web/oidc.
//
// Words: a logout token is a JWT of its own kind, which says whose session ended and which
// one, and is good for nothing else.
package logout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
)

// Logout tells clients. TellTx needs only Outbox.
type Logout struct {
	Outbox  *outbox.Outbox
	Clients *client.Clients
	Keys    Signers
	Client  *outbound.Client
	Issuer  string           // the claim iss
	Now     func() time.Time // nil means time.Now
}

// Signers has the key that signs with an algorithm at present. keys.Ring is one.
type Signers interface {
	Signer(ctx context.Context, algorithm keys.Algorithm) (*keys.Key, error)
}

// Kind is the kind of message in the outbox.
const Kind = "logout"

// over is one session that ended, for one client.
type over struct {
	ClientID string `json:"client_id"`
	Subject  string `json:"sub"`
	SID      string `json:"sid"`
}

// TellTx has those of the clients told that want to be, in the transaction that ends the
// session. It is meant for session.Sessions.
func (l *Logout) TellTx(tx *db.Tx, ended session.Session, clients []string) error {
	for _, id := range clients {
		hears, err := client.HearsOfLogoutTx(tx, id)
		if err != nil {
			return fmt.Errorf("tell a client of a logout: %w", err)
		}
		if !hears {
			continue
		}
		payload, err := json.Marshal(over{ClientID: id, Subject: ended.UserID, SID: ended.SID})
		if err != nil {
			return err
		}
		if err := l.Outbox.AddTx(tx, outbox.Message{Kind: Kind, Label: id, UserID: ended.UserID, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

func (l *Logout) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}
