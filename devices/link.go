package devices

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// How long links are valid.
const (
	PortalLink  = 5 * time.Minute // made by the person at the portal
	AdminLink   = 24 * time.Hour  // made by the administrator
	LongestLink = 30 * 24 * time.Hour
)

// LinkPath is where a link points, below the public URL. The secret follows in the
// fragment, which browsers keep to themselves.
const LinkPath = "/app/enrol"

// ConfirmPath is where a device is confirmed whose link came from the administrator,
// below the public URL.
const ConfirmPath = "/account/confirm"

const tokenPrefix = "nol"

// LinkRequest asks for an enrolment link.
type LinkRequest struct {
	UserID string
	Valid  time.Duration // 0 means PortalLink
	// Confirm asks that the person confirms the device in a browser before it
	// becomes active. Only an administrator may leave that out.
	Confirm bool
	MadeBy  string // such as "cli:root" or "user:usr_…"
	Rule    Rule   // how the device verifies its person; "" means the installation's rule
}

// Link lets one device in, once.
type Link struct {
	ID        string
	Token     string // stored is its hash
	URL       string
	ExpiresAt time.Time
}

// Link makes an enrolment link for an active person.
func (s *Devices) Link(ctx context.Context, r LinkRequest) (Link, error) {
	if r.Valid == 0 {
		r.Valid = PortalLink
	}
	if r.Valid < time.Second || r.Valid > LongestLink {
		return Link{}, fmt.Errorf("make enrolment link: %s is not between one second and thirty days", r.Valid)
	}
	now := s.now()
	id := random.ID("enr")
	token := s.tokenOf(id)
	link := Link{
		ID: id, Token: token, URL: s.url(LinkPath) + "#" + token,
		ExpiresAt: db.At(now.Add(r.Valid)).Time,
	}
	e := enrolment{
		ID: link.ID, UserID: r.UserID, Confirm: r.Confirm, MadeBy: r.MadeBy, Rule: r.Rule,
		CreatedAt: db.At(now), ExpiresAt: db.At(link.ExpiresAt),
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.mustBeActive(tx, r.UserID); err != nil {
			return err
		}
		if err := s.replaceLinksTx(tx, e, now); err != nil {
			return err
		}
		if err := s.insertLink(tx, e, random.Hash(token)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "device.link.made", Subject: link.ID, User: r.UserID,
			Detail: map[string]any{"confirm": r.Confirm, "made_by": r.MadeBy, "rule": r.Rule, "expires_at": link.ExpiresAt.Format(time.RFC3339)}})
	})
	if err != nil {
		return Link{}, fmt.Errorf("make enrolment link: %w", err)
	}
	return link, nil
}

// tokenOf is the secret of a link. It is derived from the enrolment with a key that is
// sealed, so that the page of whoever made the link can show it again although only
// its hash is stored.
func (s *Devices) tokenOf(id string) string {
	return random.Encode(tokenPrefix, s.Box.MAC("enrolment-link", id))
}

// replaceLinksTx withdraws the links that a person made before and nobody used: one
// that lies about is one too many.
func (s *Devices) replaceLinksTx(tx *db.Tx, e enrolment, now time.Time) error {
	if e.byAdministrator() {
		return nil
	}
	open, err := s.openLinksTx(tx, e.UserID, e.MadeBy, now)
	if err != nil {
		return err
	}
	for _, old := range open {
		if err := s.end(tx, old, enrolmentRefused, "replaced", now); err != nil && !errors.Is(err, ErrNotWaiting) {
			return err
		}
	}
	return nil
}

func (s *Devices) mustBeActive(tx *db.Tx, userID string) error {
	active, err := s.Accounts.ActiveTx(tx, userID)
	if err != nil {
		return err
	}
	if !active {
		return ErrNoAccount
	}
	return nil
}

// byAdministrator tells links of the administrator from those that people make for
// themselves.
func (e enrolment) byAdministrator() bool { return !strings.HasPrefix(e.MadeBy, "user:") }

func (s *Devices) url(path string) string { return strings.TrimSuffix(s.PublicURL, "/") + path }
