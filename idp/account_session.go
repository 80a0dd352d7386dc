package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// SignedIn is a session as its person sees it.
type SignedIn struct {
	session.Session
	Browser      string // in words
	System       string
	Current      bool // it is the one that asks
	Applications int  // how many clients the person signed in to with it
}

// SignedIn returns where the person is signed in, this browser first.
func (s *Service) SignedIn(ctx context.Context, h Holder) ([]SignedIn, error) {
	open, err := s.Sessions.List(ctx, h.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list a person's sessions: %w", err)
	}
	applications, err := s.Tokens.ClientsBySession(ctx, h.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list a person's sessions: %w", err)
	}
	var list []SignedIn
	for _, o := range open {
		browser, system := nameUserAgent(o.UserAgent)
		in := SignedIn{Session: o, Browser: browser, System: system, Current: o.ID == h.Session.ID, Applications: applications[o.SID]}
		if in.Current {
			list = slices.Insert(list, 0, in)
		} else {
			list = append(list, in)
		}
	}
	return list, nil
}

// EndSession ends a session of the person by its id, and takes back what clients were
// given under it. It returns session.ErrNone if the person has no such session.
func (s *Service) EndSession(ctx context.Context, h Holder, id string) error {
	open, err := s.Sessions.List(ctx, h.User.ID)
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	if !slices.ContainsFunc(open, func(o session.Session) bool { return o.ID == id }) {
		return session.ErrNone
	}
	return s.DB.Write(asPerson(ctx, h), func(tx *db.Tx) error { return s.EndSessionTx(tx, id, byPerson) })
}

// EndOtherSessions ends every session of the person but this one.
func (s *Service) EndOtherSessions(ctx context.Context, h Holder) error {
	return s.DB.Write(asPerson(ctx, h), func(tx *db.Tx) error {
		if err := s.Sessions.UnwaiveTx(tx, h.User.ID); err != nil {
			return err
		}
		return s.endOthersTx(tx, h, byPerson)
	})
}

// SignOut ends a session because its person signs out. A session that is over already
// is no error.
func (s *Service) SignOut(ctx context.Context, held session.Session) error {
	err := s.DB.Write(audit.As(ctx, "user:"+held.UserID), func(tx *db.Tx) error {
		return s.EndSessionTx(tx, held.ID, session.LoggedOut)
	})
	if errors.Is(err, session.ErrNone) {
		return nil
	}
	return err
}

// EndSessionTx ends a session and takes back what clients were given under it, in this
// order: a code that is redeemed at the same moment then either finds it ended or is
// seen.
func (s *Service) EndSessionTx(tx *db.Tx, id, reason string) error {
	ended, err := s.Sessions.EndTx(tx, id, reason)
	if err != nil {
		return err
	}
	return s.Tokens.RevokeSessionTx(tx, ended.SID, reason)
}

// elsewhereTx signs the person out in their other browsers if the change wants it.
func (s *Service) elsewhereTx(tx *db.Tx, f Fresh, elsewhere Elsewhere, reason string) error {
	if elsewhere == StaySignedIn {
		return nil
	}
	return s.endOthersTx(tx, f.Holder, reason)
}

func (s *Service) endOthersTx(tx *db.Tx, h Holder, reason string) error {
	return s.endSessionsTx(tx, h.User.ID, h.Session.ID, reason)
}

// endSessionsTx is EndSessionTx for every session of a person but the one whose id is
// except, "" for all.
func (s *Service) endSessionsTx(tx *db.Tx, userID, except, reason string) error {
	ended, err := s.Sessions.EndAllTx(tx, userID, except, reason)
	if err != nil {
		return err
	}
	for _, e := range ended {
		if err := s.Tokens.RevokeSessionTx(tx, e.SID, reason); err != nil {
			return err
		}
	}
	return nil
}
