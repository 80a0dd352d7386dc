package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// New is a person to be added. PasswordHash is made beforehand, or "".
type New struct {
	Name         string
	PasswordHash string
	Claims       Claims
}

// Add adds a person, who may sign in at once. It returns ErrNameTaken or
// ErrEmailTaken if somebody else is already found under that name or address.
func (s *Users) Add(ctx context.Context, n New) (u User, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		u, err = s.AddTx(tx, n)
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("add user %s: %w", quote(n.Name), err)
	}
	return u, nil
}

// AddTx is Add in the caller's transaction.
func (s *Users) AddTx(tx *db.Tx, n New) (User, error) {
	u := User{ID: random.ID("usr"), Name: n.Name, State: Active, PasswordHash: n.PasswordHash,
		Claims: n.Claims, CreatedAt: db.At(s.now()).Time}
	u.UpdatedAt = u.CreatedAt
	if u.HasPassword() {
		u.PasswordChangedAt = u.CreatedAt
	}
	if err := u.check(); err != nil {
		return User{}, err
	}
	if err := insertUser(tx, u); err != nil {
		return User{}, err
	}
	return u, s.recordTx(tx, "user.added", u.ID, map[string]any{"name": u.Name, "password": u.HasPassword()})
}

// ByID returns the person with this id, or ErrNotFound.
func (s *Users) ByID(ctx context.Context, id string) (User, error) {
	return s.get(ctx, userByID, id)
}

// ByLogin returns the person whom somebody means by what he typed: a name or an
// e-mail address, in any spelling. It returns ErrNotFound if there is none.
// Counters of guesses stand under the id of the person found, or under Key(typed).
func (s *Users) ByLogin(ctx context.Context, typed string) (User, error) {
	key := Key(typed)
	if key == "" {
		return User{}, ErrNotFound
	}
	return s.get(ctx, userByKey, key)
}

// List returns people in the order of their names, at most limit of them. after is
// the name of the last one seen, "" for the first page.
func (s *Users) List(ctx context.Context, after string, limit int) ([]User, error) {
	users, err := listUsers(ctx, s.DB, Key(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// Profile is what Set may change of a person.
type Profile struct {
	Name   string
	Claims Claims
}

// Set changes name and claims: change is given the present ones and alters them. It
// does nothing but that, since it runs inside the transaction. What changed is
// named in the audit log; the values are personal and are not.
func (s *Users) Set(ctx context.Context, id string, change func(*Profile) error) (User, error) {
	var u User
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lockUser(tx, id); err != nil {
			return err
		}
		before, err := getUserTx(tx, id)
		if err != nil {
			return err
		}
		p := Profile{before.Name, before.Claims}
		if err := change(&p); err != nil {
			return err
		}
		u = before
		u.Name, u.Claims, u.UpdatedAt = p.Name, p.Claims, db.At(s.now()).Time
		changed := before.Claims.changed(u.Claims)
		detail := map[string]any{"claims": changed}
		if u.Name != before.Name {
			detail["name"], detail["was"] = u.Name, before.Name
		} else if len(changed) == 0 {
			u = before
			return nil
		}
		if err := u.check(); err != nil {
			return err
		}
		if err := updateProfile(tx, u); err != nil {
			return err
		}
		return s.recordTx(tx, "user.changed", id, detail)
	})
	if err != nil {
		return User{}, fmt.Errorf("change user: %w", err)
	}
	return u, nil
}

func (u User) check() error {
	if err := checkName("name", u.Name); err != nil {
		return err
	}
	return u.Claims.Validate()
}

func (s *Users) recordTx(tx *db.Tx, action, id string, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{At: s.now(), Action: action, Subject: id, User: id, Detail: detail})
}

func (s *Users) get(ctx context.Context, query, value string) (User, error) {
	u, err := findUser(ctx, s.DB, query, value)
	if errors.Is(err, db.ErrNotFound) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}
