package token

import (
	"context"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/label"
	"github.com/nod-idp/nod/internal/random"
)

// Seed is a token as it comes from elsewhere: from a box of hardware, or from an app
// that was set up already.
type Seed struct {
	Kind    Kind
	Name    string // of hardware: its serial number
	Secret  []byte
	Digits  int   // 0 means 6
	Counter int64 // of HOTP: the next one
}

// What authenticator apps take for granted, whatever the code that they read says.
const (
	appSecret  = 20 // bytes; RFC 4226, section 4 (R6) recommends 160 bits
	appDigits  = 6
	appPeriod  = 30 // seconds
	maxSecret  = 64
	maxCounter = 1 << 53
)

// Begin makes a pending token with a fresh secret for an authenticator app. It takes the
// place of one that the person had begun before.
func (s *Tokens) Begin(ctx context.Context, userID, name string) (t Token, err error) {
	if name, err = cleanName(name); err != nil {
		return Token{}, err
	}
	t = s.of(userID, Seed{Kind: TOTP, Name: name, Secret: random.Bytes(appSecret)}, Pending, "user:"+userID)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := roomTx(tx, userID, 1); err != nil {
			return err
		}
		if err := dropPendingTx(tx, userID); err != nil {
			return err
		}
		return s.insertTx(tx, t, "token.begun")
	})
	return t, wrap("begin a token", err)
}

// Secret returns the secret of a pending token, which its person may still see. That of
// an active one is shown to nobody.
func (s *Tokens) Secret(t Token) ([]byte, error) {
	if t.State != Pending {
		return nil, ErrNotFound
	}
	return s.open(t)
}

// ActivateTx makes a pending token active because its person typed this passcode, which
// is used up by that. It returns otp.ErrWrong for another one, and ErrNotFound when the
// token does not wait any more.
func (s *Tokens) ActivateTx(tx *db.Tx, userID, id, passcode string) (Token, error) {
	now := s.now()
	t, err := readTx(tx, userID, id)
	switch {
	case err != nil:
		return Token{}, wrap("activate a token", err)
	case t.State != Pending || !now.Before(t.Until()):
		return Token{}, ErrNotFound
	}
	next, err := s.check(t, passcode, now)
	if err != nil {
		return Token{}, err
	}
	if err := roomTx(tx, userID, 1); err != nil {
		return Token{}, err
	}
	if err := activateTx(tx, id, next, now); err != nil {
		return Token{}, wrap("activate a token", err)
	}
	return t, s.recordTx(tx, t, "token.added")
}

// AddTx adds tokens that are active at once: an administrator vouches for them.
func (s *Tokens) AddTx(tx *db.Tx, userID, by string, seeds ...Seed) (added []Token, err error) {
	if err := roomTx(tx, userID, len(seeds)); err != nil {
		return nil, err
	}
	for _, seed := range seeds {
		if err := seed.Check(); err != nil {
			return nil, err
		}
		t := s.of(userID, seed, Active, by)
		if err := s.insertTx(tx, t, "token.added"); err != nil {
			return nil, wrap("add a token", err)
		}
		added = append(added, t)
	}
	return added, nil
}

// Check returns ErrBadName or ErrBadSeed for what cannot be a token.
func (seed Seed) Check() error {
	if name, err := cleanName(seed.Name); err != nil || name != seed.Name {
		return ErrBadName
	}
	n, digits := len(seed.Secret), seed.Digits == 0 || seed.Digits == 6 || seed.Digits == 8
	if n < otp.MinSecret || n > maxSecret || !digits || seed.Counter < 0 || seed.Counter > maxCounter {
		return ErrBadSeed
	}
	return nil
}

func (s *Tokens) of(userID string, seed Seed, state State, by string) Token {
	t := Token{
		ID: random.ID("tok"), UserID: userID, Kind: seed.Kind, Name: seed.Name, Algorithm: otp.SHA1, Digits: seed.Digits,
		State: state, MadeBy: by, CreatedAt: s.now(), counter: seed.Counter,
	}
	if t.Digits == 0 {
		t.Digits = appDigits
	}
	if t.Kind == TOTP {
		t.Period, t.counter = period(appPeriod), 0
	}
	t.sealed = s.Box.Seal(place(t.ID), seed.Secret)
	return t
}

// roomTx refuses more tokens than anybody may have. It makes those who add some at the
// same time wait for each other only as far as the database does; a few more do no harm.
func roomTx(tx *db.Tx, userID string, more int) error {
	n, err := countActiveTx(tx, userID)
	if err == nil && n+more > maxTokens {
		err = ErrTooMany
	}
	return err
}

func (s *Tokens) recordTx(tx *db.Tx, t Token, action string) error {
	return audit.Record(tx, audit.Entry{
		At: s.now(), Action: action, Subject: t.ID, User: t.UserID, Detail: map[string]any{"name": t.Name, "kind": t.Kind, "made_by": t.MadeBy},
	})
}

func cleanName(name string) (string, error) {
	if name, ok := label.Clean(name); ok {
		return name, nil
	}
	return "", ErrBadName
}
