package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Foreign is what a login carries whose first factor another issuer proved, and whose
// answer goes to that issuer alone (idp/entra). Such a login asks for no password, makes
// no session, knows no browser, and takes no recovery code.
type Foreign struct {
	Subject string `json:"subject"` // whom the issuer means, in words of its own; the answer repeats it
	Object  string `json:"object"`  // the account's id there
	Account string `json:"account"` // what people call the account there
	// ACR and AMR are what the issuer asked for. Methods are those that lead to it.
	ACR     []string     `json:"acr"`
	AMR     []string     `json:"amr"`
	Methods []mfa.Method `json:"methods"`
}

// foreignPrefix opens the ids under which challenges, reports and the journal know the
// issuers that are no clients of nod.
const foreignPrefix = "entra:"

// ForeignName is what people call whoever sends logins from elsewhere.
const ForeignName = "Microsoft 365"

// BeginForeign stores a login for whom another issuer proved the first factor; userID is
// "" while nobody knows who that is here. also runs in the same transaction. issuer is
// the login's client as well.
func (s *Service) BeginForeign(ctx context.Context, issuer, userID string, req AuthRequest, until time.Time, b Browser, also func(tx *db.Tx) error) (Begun, error) {
	now := s.now()
	req.ClientID = issuer
	l := Login{
		ID: random.ID("log"), Issuer: issuer, State: Open, ClientID: issuer, Request: req, UserID: userID,
		IP: b.IP, UserAgent: shortened(b.UserAgent), CreatedAt: now, ExpiresAt: until,
	}
	if userID != "" {
		l.Evidence = evidence.Evidence{Foreign: issuer}
	}
	begun := bind(&l, b)
	err := s.store(ctx, l, also)
	if err != nil || userID == "" || begun.LoginToken != "" { // otherwise once it has arrived
		return begun, err
	}
	return begun, s.askAtOnce(ctx, l.ID, userID)
}

// Arrive binds a login that another site sent to the browser as it is known here. The
// ticket, LoginToken of the begun login, bound it until then, since a form from another
// site brings no cookies; without one nothing happens. Arrive returns the token that is to
// be set, "" where the browser has one already, which its other logins need.
func (s *Service) Arrive(ctx context.Context, id, ticket string, b Browser) (loginToken string, err error) {
	l, err := s.Find(ctx, id, Browser{LoginToken: ticket})
	if errors.Is(err, ErrNoLogin) || errors.Is(err, ErrElsewhere) {
		return "", nil // the login's page says so
	}
	if err != nil || !l.Foreign() {
		return "", err
	}
	loginToken = ticket
	if b.ID() != "" {
		loginToken = ""
		err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.rebindTx(tx, l, random.Hash(ticket), random.Hash(b.LoginToken)) })
		if errors.Is(err, ErrMoved) {
			return "", nil
		}
	}
	if err == nil && l.UserID != "" {
		err = s.askAtOnce(ctx, id, l.UserID)
	}
	if err != nil {
		return "", fmt.Errorf("take up a login from elsewhere: %w", err)
	}
	return loginToken, nil
}

// Identify says who the person of a login is whom another issuer sent. who finds it out,
// and uses up what says so, in the transaction of this step. It returns ErrMoved for a
// stale page, and what who returns.
func (s *Service) Identify(ctx context.Context, id string, b Browser, formToken string, who func(tx *db.Tx, l Login) (userID string, err error)) error {
	l, _, err := s.step(ctx, id, b, formToken, StepIdentify)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		l := l
		if l.UserID, err = who(tx, l); err != nil {
			return err
		}
		switch active, err := user.ActiveTx(tx, l.UserID); {
		case err != nil:
			return err
		case !active:
			return ErrMoved
		}
		l.Evidence, l.Notice = evidence.Evidence{Foreign: l.Issuer, Introduced: true}, Notice{}
		if err := s.saveTx(tx, l); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "login.identified", Subject: l.ID, User: l.UserID, Client: l.ClientID})
	})
	if err != nil {
		return fmt.Errorf("say who somebody is: %w", err)
	}
	return nil
}

// Note has a login's page tell something.
func (s *Service) Note(ctx context.Context, l Login, n Notice) error { return s.note(ctx, l, n) }

// foreignDemand is a second factor always, in one of the ways that the issuer takes.
// Recovery codes are none of them, and no browser is remembered.
func (s *Service) foreignDemand(ctx context.Context, l Login) (mfa.Demand, error) {
	demand, err := s.decide(ctx, l, mfa.PushNumber)
	if err != nil {
		return demand, err
	}
	if !demand.Factor {
		strong := s.Policy.Demand(mfa.PushNumber)
		demand.Factor, demand.MatchDigits = true, strong.MatchDigits
	}
	ways := []mfa.Method{}
	for _, m := range l.Request.Foreign.Methods {
		if m != mfa.MethodRecovery && (demand.Methods == nil || slices.Contains(demand.Methods, m)) {
			ways = append(ways, m)
		}
	}
	demand.Methods, demand.Terms.Remember = ways, 0
	if demand.Terms.WithoutDevice == mfa.WithoutDeviceEnrol { // by the password, which is not nod's here
		demand.Terms.WithoutDevice = mfa.WithoutDeviceLink
	}
	return demand, nil
}

// stopped reports whether a login goes on no more because of a report: of its own
// request, or, where another issuer sent it, of any that came that way and that the
// administrator has not cleared. There may be no password here whose change would end it.
func (s *Service) stopped(ctx context.Context, l Login) (bool, error) {
	reported, err := s.MFA.Reported(ctx, l.ID)
	if err != nil || reported != "" {
		return reported != "", err
	}
	return s.stoppedElsewhere(ctx, l)
}

// stoppedElsewhere is stopped without the reports of the login's own requests.
func (s *Service) stoppedElsewhere(ctx context.Context, l Login) (bool, error) {
	if !l.Foreign() {
		return false, nil
	}
	frozen, err := s.foreignFrozen(ctx, l.UserID)
	if err != nil || frozen {
		return frozen, err
	}
	network := throttle.Network(l.IP)
	return s.blocked(ctx, l.UserID, network, network, s.now())
}

// finishForeignTx completes a login that leads to no session and no code: what was proved
// stands in its row, from which the issuer is answered.
func (s *Service) finishForeignTx(tx *db.Tx, l Login, terms mfa.Terms) (*Finished, error) {
	switch active, err := user.ActiveTx(tx, l.UserID); {
	case err != nil:
		return nil, err
	case !active:
		return nil, ErrMoved
	}
	switch frozen, err := foreignFrozenTx(tx, l.UserID); {
	case err != nil:
		return nil, err
	case frozen:
		return nil, ErrMoved
	}
	l.State, l.FinishedAt, l.Notice = Done, s.now(), Notice{}
	if err := s.saveTx(tx, l); err != nil {
		return nil, err
	}
	return &Finished{}, audit.Record(tx, audit.Entry{
		At: l.FinishedAt, Action: "login.finished", Subject: l.ID, User: l.UserID, Client: l.ClientID,
		Took: l.FinishedAt.Sub(l.CreatedAt),
		Detail: map[string]any{
			"method": ProvedBy(l.Evidence), "amr": l.Evidence.AMR(), "policy": terms.Reasons,
			"device": l.Evidence.Device, "browser": describeBrowser(l.UserAgent),
		},
	})
}

// ProvedBy is the way in which the second factor was proved.
func ProvedBy(e evidence.Evidence) mfa.Method { return methodOf(e) }
