package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/mfa"
)

// Standing is where a login stands: everything its page may show. Asking for it
// changes nothing.
type Standing struct {
	Login      Login
	Step       Step
	Page       Page
	FormToken  string
	ClientName string
	Passkey    bool      // for PageSignIn: a passkey can take the place of the password
	UserName   string    // how to address the person, "" before the password
	Account    string    // the person's name in full, "" before the password
	Ways       mfa.Ways  // for pages that offer a second factor
	Bare       bool      // the person has no device, not even a suspended one
	Challenge  mfa.View  // for pages about a challenge
	Device     string    // the name of the device that approved, for PageDone
	Terms      mfa.Terms // what else the policy says of this login
	Liking     mfa.Preference
	Wait       *time.Time // for PagePaused: until when, nil for until another factor succeeds
}

// Page names the page that a login shows.
type Page string

// The pages of a login.
const (
	PageSignIn     Page = "login"
	PageAccount    Page = "account"
	PageIdentify   Page = "identify" // a code says who somebody is whom another issuer sent
	PageMethod     Page = "method"
	PageTyped      Page = "typed"
	PageRecovery   Page = "recovery"
	PagePending    Page = "pending"
	PageApproved   Page = "approved"
	PageDenied     Page = "denied"
	PageReported   Page = "reported"
	PageExpired    Page = "expired"
	PageSuperseded Page = "superseded"
	PageFailed     Page = "failed"
	PagePaused     Page = "paused"
	PageConsent    Page = "consent"
	PageDone       Page = "done"
	PageOver       Page = "over"     // the login itself ran out of time
	PageFinished   Page = "finished" // it signed somebody in a while ago
)

// Standing returns where a login of this browser stands.
func (s *Service) Standing(ctx context.Context, id string, b Browser) (Standing, error) {
	l, err := s.Find(ctx, id, b)
	if err != nil {
		return Standing{}, err
	}
	st := Standing{Login: l, FormToken: s.FormToken(l), ClientName: s.clientName(ctx, l.ClientID)}
	demand, err := s.demand(ctx, l)
	switch {
	case errors.Is(err, client.ErrNotFound): // removed since; there is nobody to go back to
		st.Step, st.Page = StepOver, PageOver
		return st, nil
	case err != nil:
		return Standing{}, err
	}
	st.Step, st.Terms = l.Next(demand, s.now()), demand.Terms
	if l.UserID != "" {
		if st.UserName, st.Account, err = s.addressAs(ctx, l.UserID); err != nil {
			return Standing{}, err
		}
	}
	switch st.Step {
	case StepPassword:
		st.Page, st.Passkey = PageSignIn, s.takesPasskeys(demand)
	case StepAccount:
		st.Page = PageAccount
	case StepConsent:
		st.Page = PageConsent
	case StepIdentify:
		st.Page = PageIdentify
	case StepOver, StepFinish:
		// StepFinish without a finish: the policy was relaxed while the login waited.
		// Beginning again goes through at once.
		st.Page = PageOver
	case StepDone:
		st.Page = PageDone
		if !s.forwards(l) {
			st.Page = PageFinished
		}
		err = s.nameDevice(ctx, &st)
	case StepFactor:
		err = s.factorPage(ctx, &st, demand)
	}
	if err != nil {
		return Standing{}, fmt.Errorf("see where a login stands: %w", err)
	}
	return st, nil
}

func (s *Service) addressAs(ctx context.Context, userID string) (name, full string, err error) {
	u, err := s.Users.ByID(ctx, userID)
	if errors.Is(err, user.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("find a user: %w", err)
	}
	if u.Claims.GivenName != "" {
		return u.Claims.GivenName, u.DisplayName(), nil
	}
	return u.DisplayName(), u.DisplayName(), nil
}

func (s *Service) nameDevice(ctx context.Context, st *Standing) error {
	if st.Login.Evidence.Device == "" {
		return nil
	}
	d, err := s.Devices.Get(ctx, st.Login.Evidence.Device)
	if errors.Is(err, devices.ErrNotFound) {
		return nil
	}
	st.Device = d.Name
	return err
}

// factorPage chooses the page of a login that waits for its second factor. A
// challenge that is alive goes before everything else.
func (s *Service) factorPage(ctx context.Context, st *Standing, demand mfa.Demand) error {
	l := st.Login
	err := s.challengeOf(ctx, st)
	if err != nil {
		return err
	}
	if st.Page == PageApproved { // nothing else is offered any more
		return nil
	}
	if st.Ways, err = s.MFA.Ways(ctx, s.ask(ctx, l, demand)); err != nil {
		return err
	}
	if st.Liking, err = s.MFA.Preference(ctx, l.UserID); err != nil {
		return err
	}
	if len(st.Ways.Push) == 0 && !st.Ways.Passkey && !st.Ways.Typed && !st.Ways.Recovery {
		m, err := s.meansOf(ctx, l.UserID)
		if err != nil {
			return err
		}
		st.Bare = m.none()
	}
	alive := st.Page == PagePending || st.Page == PageReported
	switch {
	case alive:
	case l.Method == ByTyped:
		st.Page = PageTyped
	case l.Method == ByRecovery:
		st.Page = PageRecovery
	case l.Notice.Kind == PushRefused && st.Ways.Refusal != nil:
		st.Page = PagePaused
	case st.Page == "":
		st.Page = PageMethod
	}
	var wait *mfa.WaitError
	if errors.As(st.Ways.Refusal, &wait) {
		st.Wait = &wait.Until
	}
	return nil
}

// challengeOf looks at the request of a login, or at the report that stops it, and sets the
// page for it, "" if there is none.
func (s *Service) challengeOf(ctx context.Context, st *Standing) error {
	l := st.Login
	reported, err := s.MFA.Reported(ctx, l.ID)
	if err != nil {
		return err
	}
	if reported != "" {
		st.Page = PageReported
		st.Challenge, err = s.MFA.View(ctx, l.ID, reported)
		return err
	}
	stopped, err := s.stoppedElsewhere(ctx, l) // by a report of another sign-in
	if stopped {
		st.Page = PageReported
	}
	if err != nil || stopped || l.ChallengeID == "" || l.Method != ByPush {
		return err
	}
	st.Challenge, err = s.MFA.View(ctx, l.ID, l.ChallengeID)
	st.Page = challengePage(st.Challenge.State)
	return err
}

func challengePage(state mfa.State) Page {
	switch state {
	case mfa.Withdrawn:
		return PageMethod
	case mfa.Verified: // its login would be done
		return PageExpired
	}
	return Page(state)
}
