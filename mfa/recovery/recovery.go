// Package recovery keeps recovery codes: ten codes on paper, each good for one login of
// somebody who has nothing else left. It owns the tables recovery_sets and
// recovery_codes, the form of a code, and the rule that each works once. Counting wrong
// guesses, and what else the use of a code ends, is left to mfa and idp.
//
// Words: a set is the codes that were made at once; a new one takes the place of the
// one before.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// Codes is the way to everything in this package. It is safe for concurrent use.
type Codes struct {
	DB  *db.DB
	Box *seal.Box
	Now func() time.Time // nil means time.Now
}

// Count is how many codes a set holds.
const Count = 10

// Errors of this package.
var (
	// ErrWrong: there is no such code, or it was used before. Nobody learns which.
	ErrWrong = errors.New("wrong recovery code")
	// ErrMoved: another new set was made meanwhile.
	ErrMoved = errors.New("another set of recovery codes was made meanwhile")
)

// Set says what a person has, and never the codes.
type Set struct {
	ID     string // "" if there never was one
	Left   int
	MadeAt time.Time
	MadeBy string
}

// Find returns the present set of a person, an empty one if there is none.
func (c *Codes) Find(ctx context.Context, userID string) (Set, error) {
	set, err := c.read(ctx, userID)
	if err != nil {
		return Set{}, fmt.Errorf("find recovery codes: %w", err)
	}
	return set, nil
}

// MakeTx makes a new set and returns its codes, which nothing can tell again. former is
// the id of the set that it takes the place of; it returns ErrMoved if that is not the
// present one any more, so that of two people who press the button at once, each sees
// codes that work or is told.
func (c *Codes) MakeTx(tx *db.Tx, userID, former, by string) ([]string, error) {
	now, id := c.now(), random.ID("rcs")
	if err := replaceTx(tx, userID, former, id, by, now); err != nil {
		return nil, fmt.Errorf("make recovery codes: %w", err)
	}
	codes := make([]string, 0, Count)
	for len(codes) < Count {
		code := Draw()
		fresh, err := insertTx(tx, userID, id, c.hash(userID, code))
		if err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
		if fresh {
			codes = append(codes, Group(code))
		}
	}
	return codes, audit.Record(tx, audit.Entry{
		At: now, Action: "recovery.made", Subject: id, User: userID, Detail: map[string]any{"codes": Count, "former": former},
	})
}

// UseTx uses up a code, whatever way it was typed, and returns how many are left. It
// returns ErrWrong if there is no such code.
func (c *Codes) UseTx(tx *db.Tx, userID, typed string) (left int, err error) {
	code, _ := Normalize(typed) // what is no code is looked for all the same
	now := c.now()
	set, err := useTx(tx, userID, c.hash(userID, code), now)
	if err != nil {
		return 0, err
	}
	if left, err = countTx(tx, userID); err != nil {
		return 0, fmt.Errorf("use a recovery code: %w", err)
	}
	return left, audit.Record(tx, audit.Entry{
		At: now, Action: "recovery.used", Subject: set, User: userID, Detail: map[string]any{"left": left},
	})
}

// hash binds a code to its person. It holds 50 bits, so a plain hash could be searched
// by whoever steals the database.
func (c *Codes) hash(userID, code string) []byte { return c.Box.MAC("recovery-code", userID, code) }

func (c *Codes) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}
