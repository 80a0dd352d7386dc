package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/mfa"
)

// Watched is a login whose page waits, as little of it as an event stream needs: thousands
// of them are open at a time.
type Watched struct{ login, challenge string }

// Challenge is the id of the request that the page waits for, "" if there is none.
func (w Watched) Challenge() string { return w.challenge }

// Watched returns a login to the browser that began it, and to no other. It returns
// ErrNoLogin and ErrElsewhere as Find does, and looks at nothing else.
func (s *Service) Watched(ctx context.Context, id string, b Browser) (Watched, error) {
	id = IDOf(id)
	hash, challenge, err := s.readWatched(ctx, id)
	if err != nil {
		return Watched{}, fmt.Errorf("find a login that waits: %w", err)
	}
	if !random.WellFormed(loginTokenPrefix, b.LoginToken) || !random.Matches(hash, b.LoginToken) {
		return Watched{}, ErrElsewhere
	}
	return Watched{id, challenge}, nil
}

// StateOf returns what the event stream of a login's page tells: the page's name
// and, of the request, how far it has come and when it ends.
func (s *Service) StateOf(ctx context.Context, w Watched) (Page, mfa.Tidings, error) {
	if w.challenge == "" {
		return PageMethod, mfa.Tidings{}, nil
	}
	t, err := s.MFA.StateOf(ctx, w.login, w.challenge)
	if t.State == mfa.Verified { // by another page of this browser
		return PageDone, t, err
	}
	return challengePage(t.State), t, err
}
