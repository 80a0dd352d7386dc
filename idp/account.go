package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/mfa"
)

// Why a person is not let in at their own pages.
var (
	// ErrSignIn: they have to sign in first, or sign in again.
	ErrSignIn = errors.New("sign in first")
	// ErrBare: they have no device, and policy does not let them enrol the first one by
	// themselves.
	ErrBare = errors.New("the person has no device")
)

// freshFor is how long ago a person may have proved themselves to change what
// proves them.
const freshFor = 5 * time.Minute

// Holder is a person at their own pages. What they may read is their own.
type Holder struct {
	User    user.User
	Session session.Session
	// Bare tells that the person has no device, not even a suspended one, and no passkey,
	// so that nothing but the password stands behind the session.
	Bare bool
	// EnrolsAlone tells that policy lets this person add a first device with that.
	EnrolsAlone bool

	means means
}

// Fresh is a holder who proved everything a moment ago, with a factor as strong as the
// strongest they have, and may change what proves them.
type Fresh struct{ Holder }

// Confirmer says that this person may confirm and refuse everything of theirs.
func (f Fresh) Confirmer() Confirmer { return Confirmer{f.Holder, true} }

// Confirmer is a holder who may confirm a device. Whoever proved the password alone
// confirms what came by the administrator's link, since that is the other half.
type Confirmer struct {
	Holder
	whole bool
}

// Holder returns the person whose session the browser holds, if the session proves
// everything that this person has, at whatever time. Otherwise it returns ErrSignIn.
func (s *Service) Holder(ctx context.Context, b Browser) (Holder, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Holder{}, err
	}
	if !s.proves(h, s.ownDemand(h.means, false)) {
		return Holder{}, ErrSignIn
	}
	return h, nil
}

// FreshHolder returns the person whose session the browser holds, if they may change
// what proves them: everything was proved within five minutes, and where they have a
// passkey or a device that verifies its person, by one of these. Otherwise it returns
// ErrSignIn. Somebody who has neither may do no more than policy says: ErrBare.
func (s *Service) FreshHolder(ctx context.Context, b Browser) (Fresh, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Fresh{}, err
	}
	if !s.fresh(h) {
		return Fresh{}, ErrSignIn
	}
	if !h.mayBegin() {
		return Fresh{}, ErrBare
	}
	return Fresh{h}, nil
}

// ConfirmHolder returns the person whose session the browser holds if they may confirm
// a device: the password, or a passkey in its place, was proved within five minutes.
func (s *Service) ConfirmHolder(ctx context.Context, b Browser) (Confirmer, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Confirmer{}, err
	}
	if s.now().Sub(first(h.Session.Evidence)) > freshFor {
		return Confirmer{}, ErrSignIn
	}
	return Confirmer{h, s.fresh(h) && h.mayBegin()}, nil
}

// first is when the password was proved, or the passkey that stood in for it.
func first(e evidence.Evidence) time.Time {
	if e.PasswordAt.IsZero() && e.MFA() {
		return e.FactorAt
	}
	return e.PasswordAt
}

func (s *Service) holder(ctx context.Context, b Browser) (Holder, error) {
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return Holder{}, err
	}
	if held.ID == "" {
		return Holder{}, ErrSignIn
	}
	h := Holder{Session: held}
	if h.User, err = s.Users.ByID(ctx, held.UserID); err != nil {
		return Holder{}, fmt.Errorf("find the holder of a session: %w", err)
	}
	if h.means, err = s.meansOf(ctx, held.UserID); err != nil {
		return Holder{}, err
	}
	h.Bare = h.means.none()
	if h.Bare {
		terms, err := s.decide(ctx, Login{ClientID: AccountPages, UserID: h.User.ID, IP: held.IP}, mfa.Off)
		if err != nil {
			return Holder{}, err
		}
		h.EnrolsAlone = terms.Terms.WithoutDevice == mfa.WithoutDeviceEnrol
	}
	return h, nil
}

// mayBegin reports whether somebody may add what proves them. Who has nothing may if policy
// says so, or if they just used the last of their recovery codes.
func (h Holder) mayBegin() bool { return !h.Bare || h.EnrolsAlone || h.Session.Evidence.Recovery }

// proves reports whether the session would do for a login with this demand.
func (s *Service) proves(h Holder, demand mfa.Demand) bool {
	now := s.now()
	probe := Login{State: Open, UserID: h.User.ID, Evidence: h.Session.Evidence, ExpiresAt: now.Add(time.Minute)}
	return probe.Next(demand, now) == StepFinish
}

// fresh reports whether the session proves everything at full strength and did so a
// moment ago. An approval counts only while its device does: whoever suspends a stolen
// phone must not find it resumed by the session that the thief made with it.
func (s *Service) fresh(h Holder) bool {
	e := h.Session.Evidence
	change := !e.Recovery // whoever lost what verifies them replaces it by a code kept for that
	if !s.proves(h, s.ownDemand(h.means, change)) || s.now().Sub(oldest(e)) > freshFor {
		return false
	}
	return h.Bare || e.Recovery || h.means.holds(e)
}

// FormOf is the token that a form at the person's own pages carries. It belongs to this
// session and this purpose.
func (s *Service) FormOf(h Holder, purpose string) string {
	return fmt.Sprintf("%x", s.Box.MAC("account-form", h.Session.ID, purpose))
}
