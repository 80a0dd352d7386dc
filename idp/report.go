package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

const (
	// keptOutFor is how long unknown browsers are kept out of a network that somebody
	// reported.
	keptOutFor = 24 * time.Hour
	// suspectFor is how far back from a report sessions and grants from its network are
	// no longer trusted.
	suspectFor = time.Hour
	// byReport is why sessions, grants and known browsers end.
	byReport = "report"
)

// Report is a sign-in that its person said was not theirs.
type Report struct {
	ID           string
	UserID       string
	LoginID      string
	ClientID     string
	DeviceID     string // the device that reported
	Network      string
	IP           string
	Browser      string
	OS           string
	At           time.Time
	BlockedUntil time.Time
	LiftedAt     time.Time // zero until somebody lifted it
	// PasswordFrozen tells that the password is still the one that somebody else knew.
	PasswordFrozen bool
}

// Blocks reports whether unknown browsers are still kept out of the network.
func (r Report) Blocks(now time.Time) bool {
	return r.LiftedAt.IsZero() && now.Before(r.BlockedUntil)
}

// ReportedTx does what a report demands beyond the request itself, in its transaction:
// nobody's browser is known any more, what began from that network within the hour ends,
// unknown browsers are kept out of it for a day, and the password alone is worth nothing
// until it is another one.
func (s *Service) ReportedTx(tx *db.Tx, m mfa.Report) error {
	if m.Inquiry {
		return s.inquiryReportedTx(tx, m)
	}
	r := Report{
		ID: random.ID("rep"), UserID: m.UserID, LoginID: m.LoginID, ClientID: m.ClientID, DeviceID: m.DeviceID,
		Network: m.Network, IP: m.Context.IP, Browser: m.Context.Browser, OS: m.Context.OS,
		At: m.At, BlockedUntil: m.At.Add(keptOutFor), PasswordFrozen: true,
	}
	if err := insertReportTx(tx, r, m.ChallengeID); err != nil {
		return err
	}
	if err := s.Sessions.ForgetBrowsersTx(tx, r.UserID, byReport); err != nil {
		return err
	}
	ended, err := s.endSuspectsTx(tx, r)
	if err != nil {
		return err
	}
	stopped, err := s.stopLoginsTx(tx, r)
	if err != nil {
		return err
	}
	if err := s.Devices.NotifyTx(tx, r.UserID, r.DeviceID, devices.SignInReported, m.Context.ClientName); err != nil {
		return err
	}
	if err := s.Signals.RecordTx(tx, signals.Event{
		Type: signals.SignInReported, User: r.UserID, Client: r.ClientID, IP: r.IP, Device: r.DeviceID, At: r.At,
		Detail: map[string]any{"report": r.ID, "client_name": m.Context.ClientName, "device_name": m.DeviceName, "browser": r.Browser, "os": r.OS},
	}); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		At: r.At, Action: "report.made", Subject: r.ID, User: r.UserID, Client: r.ClientID,
		Detail: map[string]any{
			"device": r.DeviceID, "device_name": m.DeviceName, "login": r.LoginID, "challenge": m.ChallengeID, "ip": r.IP, "network": r.Network,
			"browser": r.Browser + " on " + r.OS, "sessions_ended": ended, "logins_stopped": stopped, "blocked_until": r.BlockedUntil.UTC().Format(time.RFC3339),
		},
	})
}

// endSuspectsTx ends the sessions that began from the network within the hour, and takes
// back what clients were given from there within the hour, offline or not.
func (s *Service) endSuspectsTx(tx *db.Tx, r Report) (ended int, err error) {
	all, err := s.Sessions.RecordedTx(tx, r.UserID)
	if err != nil {
		return 0, err
	}
	since := r.At.Add(-suspectFor)
	for _, from := range all {
		if throttle.Network(from.IP) != r.Network {
			continue
		}
		if from.CreatedAt.After(since) {
			switch err := s.EndSessionTx(tx, from.ID, byReport); {
			case err == nil:
				ended++
			case !errors.Is(err, session.ErrNone): // over already
				return ended, err
			}
		}
		if err := s.Tokens.RevokeSinceTx(tx, from.SID, since, byReport); err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// stopLoginsTx sends logins that are under way from the network back to where they
// began: a password that was typed there proves nothing any more.
func (s *Service) stopLoginsTx(tx *db.Tx, r Report) (stopped int, err error) {
	open, err := s.openLoginsTx(tx, r.UserID)
	if err != nil {
		return 0, err
	}
	for _, l := range open {
		if l.Request.V.Foreign != nil { // stopped holds it where it stands
			continue
		}
		if l.ID == r.LoginID || throttle.Network(l.IP) != r.Network {
			continue
		}
		if err := s.restartLoginTx(tx, l.ID, r.UserID); err != nil {
			return stopped, err
		}
		stopped++
	}
	return stopped, nil
}

// keptOut reports whether an unknown browser is where nobody knows it to be welcome: the
// network of a report. A browser that is signed in as the person is no stranger. It
// costs the same whoever asks, since it must not be seen from outside.
func (s *Service) keptOut(ctx context.Context, l Login, b Browser, account, known string) (bool, error) {
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return false, err
	}
	blocked, err := s.blocked(ctx, account, throttle.Network(b.IP), throttle.Network(l.IP), s.now())
	if err != nil {
		return false, fmt.Errorf("look for reports: %w", err)
	}
	return blocked && known == "" && held.UserID != account, nil
}

// Reports returns what the person reported lately, the newest first.
func (s *Service) Reports(ctx context.Context, h Holder) ([]Report, error) {
	all, err := s.reportsOf(ctx, h.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list a person's reports: %w", err)
	}
	return all, nil
}

// LiftReport lets unknown browsers sign in from the network of a report again, because
// its person wants it. The password stays worth nothing until it was changed. It returns
// ErrNoReport if there is nothing to lift.
func (s *Service) LiftReport(ctx context.Context, f Fresh, id string) error {
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		now := s.now()
		if err := liftTx(tx, f.User.ID, id, "user", now); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "report.lifted", Subject: id, User: f.User.ID})
	})
}

// ErrNoReport tells that there is no such report, or that it was lifted already.
var ErrNoReport = errors.New("no such report")

// UnlockReportsTx forgets what reports hold against a person's sign-ins, the password
// too: the administrator's way out.
func UnlockReportsTx(tx *db.Tx, userID string, now time.Time) error {
	lifted, err := liftAllTx(tx, userID, "admin", now)
	if err != nil {
		return err
	}
	if err := thawAllTx(tx, userID); err != nil || lifted == 0 {
		return err
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "report.lifted", Subject: userID, User: userID, Detail: map[string]any{"reports": lifted}})
}

// SweepReports deletes reports that hold nothing any more and are a month old, at most
// limit of them, and returns how many.
func (s *Service) SweepReports(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = forgetReportsTx(tx, s.now().Add(-30*24*time.Hour), limit)
		return err
	})
	return n, err
}
