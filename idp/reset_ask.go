package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/mfa/throttle"
)

// ResetAuthenticator names the asking for a new password in the counts of guesses: who
// asks often has to wait.
const ResetAuthenticator = "reset"

// KindReset is the kind of message in the outbox that becomes a mail if there is somebody
// to send it to.
const KindReset = "reset"

// resetsAnHour is how many mails with a code a person gets within an hour, whoever asks
// and from wherever.
const resetsAnHour = 5

// resetAsked is what somebody asked for.
type resetAsked struct {
	User string `json:"user"` // "" if nobody is called that
}

// CanReset reports whether a forgotten password can be replaced by mail.
func (s *Service) CanReset() bool { return s.Resets != nil && s.Letters.CanMail() }

// AskForReset takes what somebody typed who forgot the password. Nothing of what follows
// depends on whether there is such an account: the same statements run, and whether a
// mail is written is found out later, by whoever empties the outbox.
func (s *Service) AskForReset(ctx context.Context, b Browser, typed string) error {
	u, err := s.Users.ByLogin(ctx, typed)
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return fmt.Errorf("look for a user: %w", err)
	}
	account := s.account(u, typed)
	known, _, err := s.Sessions.Known(ctx, account, b.KnownToken)
	if err != nil {
		return fmt.Errorf("look for a known browser: %w", err)
	}
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{Account: account, Authenticator: ResetAuthenticator, IP: b.IP, KnownBrowser: known})
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	if errors.As(err, &wait) || errors.As(err, &closed) {
		return nil // the answer is the same, and no mail is on its way
	}
	if err != nil {
		return err
	}
	payload, err := json.Marshal(resetAsked{User: u.ID})
	if err != nil {
		return fmt.Errorf("ask for a reset: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.Guesses.WrongTx(tx, attempt); err != nil {
			return err
		}
		m := outbox.Message{Kind: KindReset, Label: "password reset", UserID: u.ID, Payload: payload, Life: reset.Life}
		if err := s.Letters.Outbox.AddTx(tx, m); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "password.reset.asked", Subject: account, User: u.ID,
			Detail: map[string]any{"browser": describeBrowser(b.UserAgent)}})
	})
	if err != nil {
		return errors.Join(fmt.Errorf("ask for a reset: %w", err), s.drop(ctx, attempt))
	}
	return nil
}

// DeliverReset writes the mail that somebody asked for, if there is anybody to write to.
func (s *Service) DeliverReset(ctx context.Context, id string, payload []byte) error {
	var asked resetAsked
	if err := json.Unmarshal(payload, &asked); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read what was asked for: %w", err)}
	}
	if asked.User == "" {
		return &outbox.DropError{Reason: "nobody is called what was typed"}
	}
	if !s.CanReset() {
		return &outbox.DropError{Reason: "no mail server is set up"}
	}
	u, err := s.Users.ByID(ctx, asked.User)
	if errors.Is(err, user.ErrNotFound) {
		return &outbox.DropError{Reason: "the person is gone"}
	}
	if err != nil {
		return err
	}
	switch {
	case !u.HasPassword():
		return &outbox.DropError{Reason: "the person has no password"}
	case letters.Address(u) == "":
		return &outbox.DropError{Reason: "the person has no verified mail address"}
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.mailResetTx(tx, "rst_"+strings.TrimPrefix(id, "out_"), u) })
}

// mailResetTx makes a code and its letter in one transaction. With an id that was mailed
// before it does nothing.
func (s *Service) mailResetTx(tx *db.Tx, id string, u user.User) error {
	// Requests of one person take turns, so that none escapes the count.
	if err := user.HoldTx(tx, u.ID); err != nil {
		return err
	}
	may, err := s.mayResetTx(tx, reset.Reset{UserID: u.ID, MadeBy: reset.ByMail})
	if err != nil {
		return err
	}
	if !may {
		return &outbox.DropError{Reason: "the password of this person cannot be replaced by mail now"}
	}
	mailed, err := s.Resets.MailedTx(tx, u.ID, s.now().Add(-time.Hour))
	if err != nil {
		return err
	}
	if mailed >= resetsAnHour {
		return &outbox.DropError{Reason: "the person was sent enough within an hour"}
	}
	code, err := s.Resets.MakeTx(tx, id, u, reset.ByMail, reset.Life)
	if err != nil || code == "" {
		return err
	}
	m, err := mail.Write("reset", letters.Address(u), mail.Gaps{
		"name": u.DisplayName(), "account": u.Name, "organisation": s.Letters.Sign(), "link": reset.Link(s.Letters.PublicURL, code),
		"code": code, "minutes": strconv.Itoa(int(reset.Life / time.Minute)),
	})
	if err != nil {
		return err
	}
	return s.Letters.MailTx(tx, letters.Mail{Label: "password reset", UserID: u.ID, Message: m, Life: reset.Life})
}
