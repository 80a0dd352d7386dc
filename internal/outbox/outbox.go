// Package outbox holds what leaves nod by other ways than an answer to a request:
// mails, webhooks, and the events that become one or the other. It owns the table
// outbox and the job that empties it: a row is written by the transaction that caused
// it, so nothing is told that did not happen and nothing that happened goes untold.
// How something is delivered, and to whom, is left to the function for its kind.
//
// Words: a message is one row. It is waiting until it is done; or it was dropped, since
// there is nobody to deliver it to; or it is dead, since it was tried in vain for as long
// as it is worth anything. Delivery happens at least once: the id of the message is what
// a receiver tells a repetition by.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// Outbox is where messages wait. Its methods are safe for concurrent use, on any node.
type Outbox struct {
	DB  *db.DB
	Box *seal.Box
	Now func() time.Time // nil means time.Now
}

// Message is something to deliver.
type Message struct {
	ID      string // "" draws one; a second message of one id is not added
	Kind    string // who delivers it, such as "mail"
	Label   string // what it is about, for the administrator; no secret
	UserID  string // whom it concerns, or ""
	Payload []byte
	Life    time.Duration // how long it is worth delivering; 0 means 24 h
}

// State is how far a message has come.
type State string

// The states of a message.
const (
	Waiting State = "waiting"
	Done    State = "done"
	Dropped State = "dropped"
	Dead    State = "dead"
)

// Life is how long a message is tried that says nothing else.
const Life = 24 * time.Hour

// topic is announced when messages were added.
const topic = "outbox"

// ErrNotFound is returned by Retry for a message that is not dead, or not there.
var ErrNotFound = errors.New("there is no message of this id that was given up")

// AddTx adds a message in the transaction that causes it.
func (o *Outbox) AddTx(tx *db.Tx, m Message) error {
	now := o.now()
	id := cmp.Or(m.ID, random.ID("out"))
	err := insertTx(tx, row{
		ID: id, Kind: m.Kind, Label: m.Label, UserID: m.UserID, Payload: o.Box.Seal(place(id), m.Payload),
		MadeAt: db.At(now), NextAt: db.At(now), ExpiresAt: db.At(now.Add(cmp.Or(m.Life, Life))),
	})
	if err != nil {
		return fmt.Errorf("put a message into the outbox: %w", err)
	}
	tx.Announce(topic)
	return nil
}

// Item is a message as the administrator sees it.
type Item struct {
	ID       string
	Kind     string
	Label    string
	UserID   string
	State    State
	Attempts int
	Failure  string // of the last attempt, "" if there was none
	MadeAt   time.Time
	NextAt   time.Time // of the next attempt, zero if there is none
	DoneAt   time.Time // delivered, dropped or given up
}

// List returns the newest messages, at most limit of them.
func (o *Outbox) List(ctx context.Context, limit int) ([]Item, error) {
	rows, err := o.readNewest(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("list the outbox: %w", err)
	}
	items := make([]Item, len(rows))
	for i, r := range rows {
		items[i] = Item{
			ID: r.ID, Kind: r.Kind, Label: r.Label, UserID: r.UserID, State: State(r.State), Attempts: r.Attempts, Failure: r.Failure,
			MadeAt: r.MadeAt.Time, NextAt: r.NextAt.Time, DoneAt: r.DoneAt.Time,
		}
	}
	return items, nil
}

// Retry lets a dead message be tried again for a day. It returns ErrNotFound if there is
// none of this id.
func (o *Outbox) Retry(ctx context.Context, id string) error {
	now := o.now()
	return o.DB.Write(ctx, func(tx *db.Tx) error {
		userID, err := reviveTx(tx, id, now, now.Add(Life))
		if errors.Is(err, db.ErrNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("retry a message: %w", err)
		}
		tx.Announce(topic)
		return audit.Record(tx, audit.Entry{At: now, Action: "outbox.retried", Subject: id, User: userID})
	})
}

// keep is how long what is over can be looked at.
const keep = 7 * 24 * time.Hour

// Sweep forgets messages that have been over for a week, at most limit of them, and
// returns how many.
func (o *Outbox) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = forgetTx(tx, o.now().Add(-keep), limit)
		return err
	})
	return n, err
}

// place is where the payload of a message is sealed for.
func place(id string) seal.Place { return seal.Place{Table: "outbox", Row: id, Column: "payload"} }

func (o *Outbox) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}
