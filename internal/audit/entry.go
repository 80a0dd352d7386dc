// Package audit is the journal of everything that changed. Rooms record an entry
// in the transaction of the change itself; a job chains the committed entries
// afterwards and signs the head, so that a row that is altered or missing shows.
// It owns the tables audit and audit_heads and knows no room: what an action means
// is said by the room that records it.
//
// It lies below all rooms, since mfa and devices record too and must not know idp.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Outcome says how the action ended.
type Outcome string

// The outcomes of an action.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
)

// Entry is one thing that happened. Detail holds no secrets.
type Entry struct {
	At      time.Time
	Action  string // room.noun.verb, such as "device.enrolment.begun"
	Outcome Outcome
	Subject string // the id of what was changed
	User    string // the id of the person concerned, or ""
	Client  string // the id of the client concerned, or ""
	Detail  map[string]any
	// Took is how long it took from its beginning, for those who count; it is not kept.
	Took time.Duration
}

// Origin says where a change came from. Web puts it into the request's context,
// the command line into its own.
type Origin struct {
	Actor     string // "user:usr_…", "device:dev_…", "client:…", "cli:NAME" or "system"
	IP        string
	RequestID string
}

type originKey struct{}

// From returns a context that carries the origin of what happens under it.
func From(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf returns the origin that the context carries; without one, the actor is
// "system".
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	if o.Actor == "" {
		o.Actor = "system"
	}
	return o
}

// As returns a context under which the actor is known, with the rest of the origin
// kept.
func As(ctx context.Context, actor string) context.Context {
	o := OriginOf(ctx)
	o.Actor = actor
	return From(ctx, o)
}

// Record writes the entry in the transaction of the change it tells of. If it
// cannot be written the change must not happen either.
func Record(tx *db.Tx, e Entry) error {
	o := OriginOf(tx.Context())
	if e.Outcome == "" {
		e.Outcome = OK
	}
	detail := []byte("{}")
	if len(e.Detail) > 0 {
		var err error
		if detail, err = json.Marshal(e.Detail); err != nil {
			return fmt.Errorf("audit %s: %w", e.Action, err)
		}
	}
	_, err := tx.Exec(`INSERT INTO audit (id, at, action, outcome, actor, subject, user_id, client_id, ip, request_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		random.ID("aud"), db.At(e.At), e.Action, string(e.Outcome), o.Actor, e.Subject, e.User, e.Client, o.IP, o.RequestID, string(detail))
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	tx.Note(db.Note{Name: e.Action, Outcome: string(e.Outcome), Took: e.Took})
	return nil
}
