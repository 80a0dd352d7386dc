package idp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// PasswordFrozen reports whether a person's password alone is worth nothing since they
// reported a sign-in. Then it is changed only by somebody who proves a second factor
// other than push, by a recovery code, or by the administrator.
func (s *Service) PasswordFrozen(ctx context.Context, userID string) (bool, error) {
	since, err := s.frozenSince(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("look for a report: %w", err)
	}
	return !since.IsZero(), nil
}

// PasswordFrozenTx is PasswordFrozen in a transaction that is about to change the
// password.
func PasswordFrozenTx(tx *db.Tx, userID string) (bool, error) {
	since, err := frozenSinceTx(tx, userID)
	return !since.IsZero(), err
}

// mayReplaceTx refuses to change a frozen password by what a thief could have brought
// about: the factor has to be newer than the report, and no approval of a prompt.
func mayReplaceTx(tx *db.Tx, userID string, e evidence.Evidence) error {
	since, err := frozenSinceTx(tx, userID)
	if err != nil || since.IsZero() || provedOtherwise(e, since) {
		return err
	}
	return ErrSignIn
}

// provedOtherwise reports whether a second factor other than push was proved after a
// moment.
func provedOtherwise(e evidence.Evidence, since time.Time) bool {
	return e.FactorAt.After(since) && methodOf(e) != mfa.MethodPush
}

// otherwise is a demand that push does not meet.
func otherwise(d mfa.Demand) mfa.Demand {
	others := []mfa.Method{mfa.MethodPasscode, mfa.MethodPasskey, mfa.MethodRecovery}
	if d.Methods != nil {
		others = slices.DeleteFunc(others, func(m mfa.Method) bool { return !slices.Contains(d.Methods, m) })
	}
	d.Factor, d.Verified, d.Methods = true, false, others
	return d
}

// raised is what a login has to prove once its person has reported another: never only
// the password, and something other than push where the report itself is at stake.
func (s *Service) raised(ctx context.Context, l Login, d mfa.Demand) (mfa.Demand, error) {
	own, page := l.ClientID == AccountPages && l.Request.Account.Change, l.Request.Account.Name
	switch {
	case l.UserID == "":
		return d, nil
	case own && page == AccountReports:
		return otherwise(d), nil
	case d.Factor && (!own || page != AccountPassword): // a report demands no more
		return d, nil
	}
	since, err := s.frozenSince(ctx, l.UserID)
	switch {
	case err != nil:
		return d, fmt.Errorf("look for a report: %w", err)
	case since.IsZero():
		return d, nil
	case own && page == AccountPassword:
		return otherwise(d), nil
	}
	d.Factor, d.MatchDigits = true, s.policy().Demand(mfa.PushNumber).MatchDigits
	return d, nil
}

// PasswordHolder is FreshHolder for whoever changes the password. After a report nothing
// but a second factor other than push will do, and it has to be newer than the report.
func (s *Service) PasswordHolder(ctx context.Context, b Browser) (Fresh, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Fresh{}, err
	}
	since, err := s.frozenSince(ctx, h.User.ID)
	switch {
	case err != nil:
		return Fresh{}, fmt.Errorf("look for a report: %w", err)
	case since.IsZero():
		return s.FreshHolder(ctx, b)
	}
	return s.otherHolder(h, since)
}

// ReportHolder is FreshHolder for whoever lifts a report: by a second factor other than
// push, since that is what the report was about.
func (s *Service) ReportHolder(ctx context.Context, b Browser) (Fresh, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Fresh{}, err
	}
	newest, err := s.reportedAt(ctx, h.User.ID)
	if err != nil {
		return Fresh{}, fmt.Errorf("look for a report: %w", err)
	}
	return s.otherHolder(h, newest)
}

func (s *Service) otherHolder(h Holder, since time.Time) (Fresh, error) {
	e := h.Session.Evidence
	fresh := s.now().Sub(oldest(e)) <= freshFor && s.proves(h, otherwise(s.ownDemand(h.means, false)))
	if !fresh || !provedOtherwise(e, since) || e.Device != "" && !h.means.holds(e) {
		return Fresh{}, ErrSignIn
	}
	return Fresh{h}, nil
}
