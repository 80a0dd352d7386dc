package ciba

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Ask is what a client asks.
type Ask struct {
	Client client.Client
	Scopes []string
	// LoginHint is the name or the mail address of the person, Subject their id; one of the
	// two is given.
	LoginHint string
	Subject   string
	Message   string        // what it is about, as the device shows it; it was checked
	Life      time.Duration // how long the client wants to wait; 0 means 2 min
	// Notification is the token that a client with CIBAPing is called back with.
	Notification string
	IP           string // where the client asked from
}

// Begun is what a client is told (OpenID Connect CIBA Core 1.0, section 7.3).
type Begun struct {
	AuthReqID string
	ExpiresIn time.Duration
	Interval  time.Duration
}

// Begin takes up a client's question. Who is asked, and whether they can be, is found out
// later: the answer is the same for everybody.
func (q *Inquiries) Begin(ctx context.Context, ask Ask) (Begun, error) {
	userID, err := q.meant(ctx, ask)
	if err != nil {
		return Begun{}, fmt.Errorf("begin an inquiry: %w", err)
	}
	scopes := ask.Scopes
	if !ask.Client.FirstParty { // nobody is asked here whether the client may stay connected
		scopes = slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "offline_access" })
	}
	now, life := q.now(), usual
	if ask.Life > 0 {
		life = min(ask.Life, longest)
	}
	r := row{
		ID: random.ID("inq"), ClientID: ask.Client.ID, UserID: userID, Scopes: db.List(scopes...), Message: ask.Message, IP: ask.IP,
		Pace: polling.Interval.Milliseconds(), NextAt: db.At(now), CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(life)),
	}
	if ask.Client.CIBA == client.CIBAPing {
		r.Notification = q.Box.Seal(place(r.ID), []byte(ask.Notification))
	}
	authReqID := q.authReqID(r.ID)
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		if err := q.insertTx(tx, r, random.Hash(authReqID)); err != nil {
			return err
		}
		tx.Announce(topic)
		return audit.Record(tx, audit.Entry{At: now, Action: "inquiry.begun", Subject: r.ID, User: userID, Client: r.ClientID,
			Detail: map[string]any{"scopes": scopes, "message": ask.Message}})
	})
	if err != nil {
		return Begun{}, fmt.Errorf("begin an inquiry: %w", err)
	}
	return Begun{AuthReqID: authReqID, ExpiresIn: life, Interval: polling.Interval}, nil
}

// meant returns the id of the person whom the client means, "" for nobody.
func (q *Inquiries) meant(ctx context.Context, ask Ask) (string, error) {
	find, by := q.Users.ByLogin, ask.LoginHint
	if ask.Subject != "" {
		find, by = q.Users.ByID, ask.Subject
	}
	u, err := find(ctx, by)
	if errors.Is(err, user.ErrNotFound) {
		return "", nil
	}
	return u.ID, err
}
