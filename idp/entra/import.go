package entra

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
)

// Doing is what an import does with one account.
type Doing string

// What can be done.
const (
	Adds      Doing = "add"       // the person, without a password, and the link
	Links     Doing = "link"      // somebody who is here
	Unchanged Doing = "unchanged" // it was linked before
)

// Imported is what became of one account.
type Imported struct {
	Account
	Does Doing
	Name string // of the person here
}

// errRehearsed undoes a transaction that was only to show what would happen.
var errRehearsed = errors.New("only rehearsed")

// Import links every account of a list, or none: what is wrong with any of them is
// returned, each fault with its line. People are found by the name that the list gives
// them, or else by principal name and mail address among names and addresses here; whoever
// is not found is added, without a password. With rehearse nothing is changed.
func (s *Tenants) Import(ctx context.Context, users *user.Users, t Tenant, accounts []Account, by string, rehearse bool) (done []Imported, err error) {
	people, err := s.recognise(ctx, users, accounts)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		var faults []error
		done = done[:0]
		for i, a := range accounts {
			one, err := s.importTx(tx, users, t, a, people[i], by)
			switch {
			case err == nil:
				done = append(done, one)
			case judged(err):
				faults = append(faults, fmt.Errorf("line %d: %w", a.Line, err))
			default:
				return err
			}
		}
		if len(faults) == 0 && rehearse {
			faults = append(faults, errRehearsed)
		}
		return errors.Join(faults...)
	})
	if errors.Is(err, errRehearsed) {
		return done, nil
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// judged reports whether an error is about an account and not about the database.
func judged(err error) bool {
	var invalid *user.InvalidError
	return errors.Is(err, user.ErrNameTaken) || errors.Is(err, user.ErrEmailTaken) || errors.Is(err, user.ErrNotFound) ||
		errors.Is(err, ErrRefused) || errors.Is(err, ErrLinked) || errors.As(err, &invalid)
}

// recognise finds the people who are here. A person without an id is not.
func (s *Tenants) recognise(ctx context.Context, users *user.Users, accounts []Account) ([]user.User, error) {
	people := make([]user.User, len(accounts))
	for i, a := range accounts {
		spellings := []string{a.UPN, a.Mail}
		if a.User != "" {
			spellings = []string{a.User}
		}
		for _, spelling := range spellings {
			u, err := users.ByLogin(ctx, spelling)
			if errors.Is(err, user.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("look for the people of a list: %w", err)
			}
			people[i] = u
			break
		}
	}
	return people, nil
}

func (s *Tenants) importTx(tx *db.Tx, users *user.Users, t Tenant, a Account, u user.User, by string) (done Imported, err error) {
	done = Imported{Account: a, Does: Links}
	if u.ID == "" && a.User != "" {
		return done, fmt.Errorf("%q: %w", a.User, user.ErrNotFound)
	}
	if u.ID == "" {
		done.Does = Adds
		u, err = users.AddTx(tx, user.New{Name: a.UPN, Claims: user.Claims{Name: a.Name, GivenName: a.Given, FamilyName: a.Last, Email: a.Mail}})
		if err != nil {
			return done, err
		}
	}
	done.Name = u.Name
	changed, err := s.LinkTx(tx, t, a.OID, u.ID, by)
	if err == nil && !changed {
		done.Does = Unchanged
	}
	return done, err
}
