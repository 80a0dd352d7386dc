// Package letters writes to people by mail what touches their account: that a device was
// added, that the password was changed. It owns who is written to, at which address, and
// what stands in the gaps. The words are in internal/mail, and that a letter is tried
// until it is delivered is left to internal/outbox.
//
// Words: a notice is what devices and mail tell a person alike. An address counts once it
// is verified; somebody without one is not written to. Mail is never a factor: no letter
// proves anything, and none holds more than a way to a new password.
package letters

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/outbox"
)

// Letters writes to people. One without a Sender, such as that of a command, can say what
// is to be told, and leaves the telling to the server.
type Letters struct {
	Outbox       *outbox.Outbox
	Users        *user.Users
	Sender       *mail.Sender // nil: no mail server is set up
	Organisation string
	PublicURL    string
	Now          func() time.Time // nil means time.Now
}

// Kinds of messages in the outbox.
const (
	KindNotice = "notice"
	KindMail   = "mail"
)

// CanMail reports whether mails leave here.
func (l *Letters) CanMail() bool { return l != nil && l.Sender != nil }

// Sign is who writes.
func (l *Letters) Sign() string { return cmp.Or(l.Organisation, "nod") }

// Address is where a person is written to, "" if nowhere.
func Address(u user.User) string {
	if !u.Claims.EmailVerified || mail.CheckAddress(u.Claims.Email) != nil {
		return ""
	}
	return u.Claims.Email
}

// notice is something to tell one person.
type notice struct {
	User  string    `json:"user"`
	Kind  string    `json:"kind"`
	About string    `json:"about"`
	At    time.Time `json:"at"`
}

// NoticeTx has a person told by mail what their devices are told, in the transaction that
// changes it. Whether there is a mail server, and an address, is known to whoever
// delivers it.
func (l *Letters) NoticeTx(tx *db.Tx, userID string, kind devices.NoticeKind, about string) error {
	payload, err := json.Marshal(notice{userID, string(kind), about, l.now()})
	if err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	return l.Outbox.AddTx(tx, outbox.Message{Kind: KindNotice, Label: string(kind), UserID: userID, Payload: payload})
}

// DeliverNotice sends a notice to its person.
func (l *Letters) DeliverNotice(ctx context.Context, id string, payload []byte) error {
	if !l.CanMail() {
		return &outbox.DropError{Reason: "no mail server is set up"}
	}
	var n notice
	if err := json.Unmarshal(payload, &n); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a notice: %w", err)}
	}
	u, err := l.Users.ByID(ctx, n.User)
	if errors.Is(err, user.ErrNotFound) || err == nil && Address(u) == "" {
		return &outbox.DropError{Reason: "the person has no verified mail address"}
	}
	if err != nil {
		return err
	}
	m, err := mail.Write(n.Kind, Address(u), mail.Gaps{
		"name": u.DisplayName(), "account": u.Name, "about": n.About, "when": When(n.At), "organisation": l.Sign(),
		"link": l.PublicURL + "/account/activity",
	})
	if err != nil {
		return &outbox.FinalError{Err: err}
	}
	return l.send(ctx, id, m)
}

// Mail is a letter that is written and has to be sent.
type Mail struct {
	ID      string // "" draws one; a second mail of one id is not sent
	Label   string
	UserID  string
	Message mail.Message
	Life    time.Duration // how long it is worth sending; 0 means a day
}

// MailTx has a letter sent.
func (l *Letters) MailTx(tx *db.Tx, m Mail) error {
	payload, err := json.Marshal(m.Message)
	if err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	return l.Outbox.AddTx(tx, outbox.Message{ID: m.ID, Kind: KindMail, Label: m.Label, UserID: m.UserID, Payload: payload, Life: m.Life})
}

// DeliverMail sends a letter.
func (l *Letters) DeliverMail(ctx context.Context, id string, payload []byte) error {
	if !l.CanMail() {
		return &outbox.DropError{Reason: "no mail server is set up"}
	}
	var m mail.Message
	if err := json.Unmarshal(payload, &m); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a mail: %w", err)}
	}
	return l.send(ctx, id, m)
}

func (l *Letters) send(ctx context.Context, id string, m mail.Message) error {
	err := l.Sender.Send(ctx, id, m)
	if mail.Refused(err) {
		return &outbox.FinalError{Err: err}
	}
	return err
}

// When writes a moment for somebody who may be anywhere.
func When(t time.Time) string { return t.UTC().Format("2 January 2006 at 15:04 UTC") }

func (l *Letters) now() time.Time {
	if l.Now == nil {
		return time.Now()
	}
	return l.Now()
}
