package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// The pauses between attempts.
const (
	firstPause = 5 * time.Second // and doubles from there
	mostPause  = time.Hour
)

var errLate = errors.New("it could not be tried before it was over")

// try makes one attempt at a message that was claimed, and notes what became of it.
func (j *Job) try(ctx context.Context, r row) {
	failed := j.deliver(ctx, r)
	noted, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	state := Waiting
	err := j.DB.Write(noted, func(tx *db.Tx) (err error) {
		state, err = j.settleTx(tx, r, failed)
		return err
	})
	if err != nil {
		j.report(ctx, "what became of a message cannot be noted; it may be delivered twice", err)
	}
	if j.Tried != nil {
		j.Tried(r.Kind, state)
	}
	switch {
	case state == Dead:
		j.log().Error("a message was given up", "id", r.ID, "kind", r.Kind, "about", r.Label, "attempts", r.Attempts, "error", failed)
	case failed != nil && state == Waiting:
		j.log().Warn("a message was not delivered; it is tried again", "id", r.ID, "kind", r.Kind, "about", r.Label,
			"attempt", r.Attempts, "error", failed)
	}
}

func (j *Job) deliver(ctx context.Context, r row) error {
	if !j.now().Before(r.ExpiresAt.Time) {
		return errLate
	}
	deliver := j.Deliver[r.Kind]
	if deliver == nil {
		return fmt.Errorf("nothing here delivers messages of kind %q", r.Kind)
	}
	payload, err := j.Box.Open(place(r.ID), r.Payload)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	return deliver(limited, r.ID, payload)
}

// settleTx notes what became of an attempt and returns the state that the message has
// come to.
func (j *Job) settleTx(tx *db.Tx, r row, failed error) (State, error) {
	now := j.now()
	var dropped *DropError
	var final *FinalError
	switch {
	case failed == nil:
		_, err := overTx(tx, r, Done, "", now)
		return Done, err
	case errors.As(failed, &dropped):
		_, err := overTx(tx, r, Dropped, short(dropped.Reason), now)
		return Dropped, err
	}
	next := now.Add(pause(r.Attempts))
	// Whoever was asked may want more time (RFC 9110, section 10.2.3), within bounds.
	var asked interface{ NotBefore() time.Time }
	if errors.As(failed, &asked) && asked.NotBefore().After(next) {
		next = earlier(asked.NotBefore(), now.Add(mostPause))
	}
	if !errors.As(failed, &final) && next.Before(r.ExpiresAt.Time) {
		return Waiting, againTx(tx, r, short(failed.Error()), next)
	}
	ours, err := overTx(tx, r, Dead, short(failed.Error()), now)
	if err != nil || !ours {
		return Waiting, err
	}
	return Dead, audit.Record(tx, audit.Entry{
		At: now, Action: "outbox.given_up", Outcome: audit.Refused, Subject: r.ID, User: r.UserID,
		Detail: map[string]any{"kind": r.Kind, "about": r.Label, "attempts": r.Attempts, "error": short(failed.Error())},
	})
}

// pause is what follows the nth attempt.
func pause(attempts int) time.Duration {
	return min(mostPause, firstPause<<min(max(attempts, 1)-1, 12))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// short bounds what a foreign server may have us keep.
func short(text string) string {
	const most = 300
	if len(text) > most {
		text = text[:most]
	}
	return strings.ToValidUTF8(text, "�")
}
