package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// WaiveBrowser keeps whether the person wants no more prompts on this browser, once
// this login is through. It changes nothing about the login itself.
func (s *Service) WaiveBrowser(ctx context.Context, id string, b Browser, formToken string, on bool) error {
	l, demand, err := s.step(ctx, id, b, formToken, StepFactor)
	if err != nil {
		return err
	}
	if demand.Terms.Remember == 0 {
		return ErrMoved // the policy was changed since the page was drawn
	}
	l.Waive = on
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.saveTx(tx, l); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "login.waive", Subject: l.ID, User: l.UserID, Client: l.ClientID,
			Detail: map[string]any{"on": on}})
	})
	if err != nil {
		return fmt.Errorf("waive prompts on a browser: %w", err)
	}
	return nil
}

// askAtOnce asks the devices of somebody who wants that right after the password. What
// keeps it from being sent is no failure: the person then chooses.
func (s *Service) askAtOnce(ctx context.Context, id, userID string) error {
	liking, err := s.MFA.Preference(ctx, userID)
	if err != nil || !liking.AtOnce {
		return err
	}
	l, err := s.readLogin(ctx, id)
	if err != nil {
		return fmt.Errorf("ask at once: %w", err)
	}
	if l.UserID != userID { // it began again meanwhile
		return nil
	}
	demand, err := s.demand(ctx, l)
	if err != nil || l.Next(demand, s.now()) != StepFactor || !demand.Allows(mfa.MethodPush) {
		return err
	}
	return s.askDevices(ctx, l, demand, "")
}
