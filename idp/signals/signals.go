// Package signals tells administrators of events that touch the safety of an account: in
// the log, by webhooks, and by mail. It owns which events exist, what one says, and to
// whom it goes. That it arrives in the end is left to internal/outbox, and to notice that
// something happened to the rooms where it does.
//
// Words: an event is one thing that happened; its type is what others recognise it by and
// does not change its meaning.
package signals

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/random"
)

// Type names what happened, in words that webhooks carry.
type Type string

// The events that nod tells of.
const (
	// SignInReported: a person answered "This wasn't me".
	SignInReported Type = "sign-in.reported"
	// PasswordReset: a forgotten password was replaced by a mail or an administrator's link.
	PasswordReset Type = "password.reset"
	// RecoveryUsed: somebody signed in with a recovery code.
	RecoveryUsed Type = "recovery.used"
)

// Event is one thing that happened. It holds ids and no secrets; what is not known is "".
type Event struct {
	ID     string         `json:"id"` // "" draws one
	Type   Type           `json:"type"`
	User   string         `json:"user,omitempty"`
	Client string         `json:"client,omitempty"`
	IP     string         `json:"ip,omitempty"`
	Device string         `json:"device,omitempty"`
	At     time.Time      `json:"at"`
	Detail map[string]any `json:"detail,omitempty"`
}

// Signals takes events. A nil one takes them and tells nobody, so that rooms need not
// ask whether there is one.
type Signals struct{ Outbox *outbox.Outbox }

// Kinds of messages in the outbox.
const (
	KindSignal  = "signal"
	KindWebhook = "webhook"
)

// RecordTx tells of an event in the transaction in which it happens. Recording the same
// id twice tells once.
func (s *Signals) RecordTx(tx *db.Tx, e Event) error {
	if s == nil || s.Outbox == nil {
		return nil
	}
	if e.ID == "" {
		e.ID = random.ID("evt")
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	payload, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("record a security event: %w", err)
	}
	return s.Outbox.AddTx(tx, outbox.Message{ID: e.ID, Kind: KindSignal, Label: string(e.Type), UserID: e.User, Payload: payload})
}
