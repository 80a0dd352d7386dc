// Package user keeps the people who sign in, and the groups they are in. It owns
// the tables users, groups and group_members, the canonical form of what somebody
// types as his name, and the claims of OpenID Connect Core 1.0, section 5.1.
//
// It leaves to others how a password is hashed and judged (idp/password), how often
// one may guess (mfa/throttle), and devices, sessions and tokens.
//
// Words: a name is what a person signs in with; it may change. The id is the claim
// sub: random, never changed, never given to anybody else. A key is the canonical
// form of a name or an address, under which accounts are found and counted.
package user

import (
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// State says whether a person may sign in.
type State string

// The states of a person.
const (
	Active   State = "active"
	Disabled State = "disabled"
)

// User is a person as stored.
type User struct {
	ID    string
	Name  string
	State State
	// PasswordHash is the encoded password, "" for a person without one.
	PasswordHash      string
	PasswordChangedAt time.Time // zero without a password
	Claims            Claims
	CreatedAt         time.Time
	// UpdatedAt is when name or claims last changed: the claim updated_at.
	UpdatedAt time.Time
}

// Active reports whether the person may sign in.
func (u User) Active() bool { return u.State == Active }

// HasPassword reports whether the person has a password at all.
func (u User) HasPassword() bool { return u.PasswordHash != "" }

// DisplayName is what pages and devices call the person: the full name if it is
// known, otherwise the name he signs in with.
func (u User) DisplayName() string {
	if u.Claims.Name != "" {
		return u.Claims.Name
	}
	return u.Name
}

// What can go wrong with a person or a group.
var (
	ErrNotFound      = errors.New("no such user")
	ErrGroupNotFound = errors.New("no such group")
	ErrNameTaken     = errors.New("the name belongs to another user already")
	ErrEmailTaken    = errors.New("the e-mail address belongs to another user already")
	ErrGroupTaken    = errors.New("there is a group of this name already")
)

// InvalidError tells that a value was refused: which, why, and what is allowed.
type InvalidError struct {
	Field   string // "name", or the name of a claim
	Value   string
	Allowed string
}

// Error names the field, the wrong value and what is allowed.
func (e *InvalidError) Error() string {
	return e.Field + ": " + quote(e.Value) + " is refused; allowed is " + e.Allowed
}

// Users reads and changes people and groups. What is read is read from the rows,
// never from a cache: a person who is disabled is out at once, on every node.
type Users struct {
	DB  *db.DB
	Now func() time.Time // nil means time.Now
}

func (s *Users) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
