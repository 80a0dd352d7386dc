// Package reset keeps the ways to a new password for somebody who forgot the old one. It
// owns the table password_resets: codes that are sent in a link, and tickets that the
// browser gets for a code. It leaves to idp who gets a code, what a new password has to be
// like, and what else ends with the old one.
//
// Words: a code works once, and opening its page does not use it. Whoever shows it gets a
// ticket, which works once too and is what setting the password asks for; so nobody comes
// to the second step without the first. Both are 256 random bits, stored as hashes, and
// both are void as soon as the password is another one.
package reset

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// Resets makes, opens and uses ways to a new password.
type Resets struct {
	DB    *db.DB
	Box   *seal.Box
	Epoch int64
	Now   func() time.Time // nil means time.Now
}

// Life is how long the way by mail is open, from the code to the new password.
const Life = 15 * time.Minute

// ByMail is the maker of codes that people ask for themselves.
const ByMail = "mail"

// The prefixes of the two secrets.
const (
	codePrefix   = "nrc"
	ticketPrefix = "nrt"
)

// ErrNone is returned for a code or a ticket that is unknown, used, late or void, without
// saying which.
var ErrNone = errors.New("there is no such way to a new password")

// Reset is one way to a new password.
type Reset struct {
	ID        string
	UserID    string
	MadeBy    string // ByMail, or "cli:NAME"
	MadeAt    time.Time
	ExpiresAt time.Time
}

// ByAdministrator reports whether somebody vouched for the person.
func (r Reset) ByAdministrator() bool { return r.MadeBy != ByMail }

// MakeTx makes a code for a person with this password hash. With an id that is there
// already nothing is made and the code is "".
func (s *Resets) MakeTx(tx *db.Tx, id string, u user.User, madeBy string, valid time.Duration) (code string, err error) {
	now := s.now()
	code = random.Token(codePrefix)
	made, err := insertTx(tx, row{
		ID: id, UserID: u.ID, CodeHash: random.Hash(code), Former: s.former(u.ID, u.PasswordHash), MadeBy: madeBy, Epoch: s.Epoch,
		MadeAt: db.At(now), ExpiresAt: db.At(now.Add(valid)),
	})
	if err != nil || !made {
		return "", err
	}
	return code, audit.Record(tx, audit.Entry{At: now, Action: "password.reset.made", Subject: id, User: u.ID,
		Detail: map[string]any{"by": madeBy}})
}

// MailedTx counts the codes that were made by mail for a person since a moment.
func (s *Resets) MailedTx(tx *db.Tx, userID string, since time.Time) (int, error) {
	return countTx(tx, userID, ByMail, since)
}

// Open takes a code and gives the ticket for it. fine is asked, in the same transaction,
// whether the person may go on. It returns ErrNone for whatever is wrong.
func (s *Resets) Open(ctx context.Context, code string, fine func(tx *db.Tx, r Reset) (bool, error)) (ticket string, err error) {
	if !random.WellFormed(codePrefix, code) {
		return "", ErrNone
	}
	ticket = random.Token(ticketPrefix)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		r, err := openTx(tx, random.Hash(code), random.Hash(ticket), s.Epoch, now)
		if err != nil {
			return err
		}
		if err := s.standsTx(tx, r, fine); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "password.reset.opened", Subject: r.ID, User: r.UserID})
	})
	if err != nil {
		return "", fmt.Errorf("open a reset: %w", err)
	}
	return ticket, nil
}

// Find returns what a ticket is for, and uses nothing.
func (s *Resets) Find(ctx context.Context, ticket string) (Reset, error) {
	if !random.WellFormed(ticketPrefix, ticket) {
		return Reset{}, ErrNone
	}
	r, err := s.readByTicket(ctx, random.Hash(ticket), s.now())
	if err != nil {
		return Reset{}, fmt.Errorf("find a reset: %w", err)
	}
	return r.reset(), nil
}

// UseTx uses a ticket up, and with it every other way of this person, in the transaction
// that sets the new password. fine is asked as by Open.
func (s *Resets) UseTx(tx *db.Tx, ticket string, fine func(tx *db.Tx, r Reset) (bool, error)) (Reset, error) {
	now := s.now()
	r, err := useTx(tx, random.Hash(ticket), s.Epoch, now)
	if err != nil {
		return Reset{}, err
	}
	if err := s.standsTx(tx, r, fine); err != nil {
		return Reset{}, err
	}
	if err := s.VoidTx(tx, r.UserID); err != nil {
		return Reset{}, err
	}
	return r.reset(), audit.Record(tx, audit.Entry{At: now, Action: "password.reset.used", Subject: r.ID, User: r.UserID,
		Detail: map[string]any{"by": r.MadeBy}})
}

// VoidTx ends every way to a new password that a person has.
func (s *Resets) VoidTx(tx *db.Tx, userID string) error { return voidTx(tx, userID, s.now()) }

// standsTx fails unless the password is still the one that was forgotten, and the caller
// has nothing against it. Holding the person makes two changes of a password wait for
// each other.
func (s *Resets) standsTx(tx *db.Tx, r row, fine func(tx *db.Tx, r Reset) (bool, error)) error {
	if err := user.HoldTx(tx, r.UserID); errors.Is(err, user.ErrNotFound) {
		return ErrNone
	} else if err != nil {
		return err
	}
	hash, err := user.PasswordHashTx(tx, r.UserID)
	if err != nil {
		return err
	}
	if string(s.former(r.UserID, hash)) != string(r.Former) {
		return ErrNone
	}
	may, err := fine(tx, r.reset())
	if err == nil && !may {
		err = ErrNone
	}
	return err
}

// former tells one password hash from another without repeating it.
func (s *Resets) former(userID, hash string) []byte {
	return s.Box.MAC("password-reset-former", userID, hash)
}

// Sweep forgets ways that ended a day ago, at most limit of them, and returns how many.
func (s *Resets) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = forgetTx(tx, s.now().Add(-24*time.Hour), limit)
		return err
	})
	return n, err
}

func (s *Resets) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Link is where a code leads: the page that asks for one, with the code where no server
// and no log sees it.
func Link(publicURL, code string) string { return publicURL + "/reset#" + code }
