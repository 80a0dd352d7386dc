package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// newcomer returns a login whose person may add their first device in it: the code in this
// very login said who they are, another issuer vouches for them, and they have nothing to
// prove themselves with. Otherwise it returns ErrMoved.
func (s *Service) newcomer(ctx context.Context, id string, b Browser) (Login, error) {
	l, err := s.Find(ctx, id, b)
	if err != nil {
		return l, err
	}
	if !l.Foreign() || !l.Evidence.Introduced || l.State != Open || !s.now().Before(l.ExpiresAt) {
		return l, ErrMoved
	}
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return l, orMoved(err)
	}
	m, err := s.meansOf(ctx, l.UserID)
	if err != nil || !m.none() {
		return l, orMoved(err)
	}
	return l, nil
}

func orMoved(err error) error {
	if err == nil {
		return ErrMoved
	}
	return err
}

// AddFirstDevice makes a link for the first device of somebody whom a code has introduced.
// It is valid as long as the login, and the person confirms the device there.
func (s *Service) AddFirstDevice(ctx context.Context, id string, b Browser, formToken string) (devices.Link, error) {
	l, err := s.newcomer(ctx, id, b)
	if err != nil {
		return devices.Link{}, err
	}
	if !s.drawnFor(l, formToken) {
		return devices.Link{}, ErrMoved
	}
	link, err := s.Devices.Link(asIntroduced(ctx, l), devices.LinkRequest{
		UserID: l.UserID, Valid: min(devices.PortalLink, l.ExpiresAt.Sub(s.now())), Confirm: true, MadeBy: "user:" + l.UserID,
	})
	if err != nil {
		return devices.Link{}, fmt.Errorf("add a first device: %w", err)
	}
	return link, nil
}

// FirstDevice is what became of such a link, with the login's form token.
func (s *Service) FirstDevice(ctx context.Context, id string, b Browser, enrolmentID string) (e devices.Enrolment, l Login, formToken string, err error) {
	if l, err = s.newcomer(ctx, id, b); err != nil {
		return e, l, "", err
	}
	e, err = s.Devices.Enrolment(ctx, l.UserID, enrolmentID)
	if err == nil && e.ByAdministrator {
		err = devices.ErrNotWaiting
	}
	return e, l, s.FormToken(l), err
}

// ConfirmFirstDevice makes the device that took the link the person's own, if they have got
// no other meanwhile. It returns devices.ErrNotWaiting if it does not wait.
func (s *Service) ConfirmFirstDevice(ctx context.Context, id string, b Browser, formToken, enrolmentID string) error {
	_, l, drawn, err := s.FirstDevice(ctx, id, b, enrolmentID)
	if err != nil {
		return err
	}
	if drawn != formToken {
		return ErrMoved
	}
	return s.DB.Write(asIntroduced(ctx, l), func(tx *db.Tx) error {
		if err := s.stillBareTx(tx, l.UserID); err != nil {
			return err
		}
		return s.Devices.ConfirmTx(tx, l.UserID, enrolmentID)
	})
}

// RefuseFirstDevice turns the device away, or withdraws the link.
func (s *Service) RefuseFirstDevice(ctx context.Context, id string, b Browser, formToken, enrolmentID string) error {
	_, l, drawn, err := s.FirstDevice(ctx, id, b, enrolmentID)
	if err != nil {
		return err
	}
	if drawn != formToken {
		return ErrMoved
	}
	return s.Devices.Refuse(asIntroduced(ctx, l), l.UserID, enrolmentID)
}

// asIntroduced says in the journal who did what follows.
func asIntroduced(ctx context.Context, l Login) context.Context {
	return audit.As(ctx, "user:"+l.UserID)
}
