package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

// View is a challenge as its own login page may show it.
type View struct {
	State State
	// MatchNumber is shown while the challenge is pending, "" if there is none.
	MatchNumber string
	// Passcode is what the device sent, while the challenge is approved.
	Passcode  string
	Progress  Progress // the furthest that any device has come
	Devices   []string // the names of the devices that were asked
	Asked     []string // their ids
	Asleep    bool     // none of them can be woken, so somebody has to open the app
	Device    string   // the name of the device that answered
	TriesLeft int
	AskedAt   time.Time
	EndsAt    time.Time // when the present state runs out
}

// View returns the challenge of a login. It changes nothing.
func (s *Service) View(ctx context.Context, loginID, challengeID string) (View, error) {
	c, err := s.find(ctx, challengeID)
	if errors.Is(err, db.ErrNotFound) || err == nil && c.LoginID != loginID {
		return View{State: Expired}, nil
	}
	if err != nil {
		return View{}, fmt.Errorf("view a challenge: %w", err)
	}
	now := s.now()
	v := View{State: c.stateAt(now), Progress: Queued, TriesLeft: max(0, maxTries-c.Tries), AskedAt: c.CreatedAt.Time, EndsAt: c.ExpiresAt.Time}
	switch v.State {
	case Pending:
		v.MatchNumber = s.number(c)
	case Approved:
		v.EndsAt = c.FinishBy.Time
		passcode, err := s.Box.Open(passcodePlace(c.ID), c.Passcode)
		if err != nil {
			return View{}, fmt.Errorf("view a challenge: %w", err)
		}
		v.Passcode = string(passcode)
	}
	return v, s.nameDevices(ctx, c, &v)
}

// Reported returns the id of the challenge of this login that was reported, "" if
// none was. A login that was reported once goes on no more, whatever it asked since.
func (s *Service) Reported(ctx context.Context, loginID string) (string, error) {
	id, err := s.reportedOf(ctx, loginID)
	return id, wrap("look for a report", err)
}

func furthest(asked []delivery) Progress {
	best := Queued
	if unreached(asked) {
		best = Missed
	}
	for _, d := range asked {
		if progressOrder[d.State] > progressOrder[best] {
			best = d.State
		}
	}
	return best
}

func (s *Service) nameDevices(ctx context.Context, c challenge, v *View) error {
	asked, err := s.deliveries(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("view a challenge: %w", err)
	}
	v.Progress = furthest(asked)
	all, err := s.Devices.List(ctx, c.UserID)
	if err != nil {
		return fmt.Errorf("view a challenge: %w", err)
	}
	known := make(map[string]devices.Device, len(all))
	for _, d := range all {
		known[d.ID] = d
	}
	v.Asleep = len(asked) > 0
	now := s.now()
	for _, a := range asked {
		d, ok := known[a.DeviceID]
		if ok && (a.QueuedAt == c.CreatedAt || !a.QueuedAt.After(now)) {
			v.Devices, v.Asked = append(v.Devices, d.Name), append(v.Asked, d.ID)
		}
		// A program in a terminal is never woken: somebody runs it, or does not.
		v.Asleep = v.Asleep && ok && d.Kind != protocol.KindSoftware && a.unwoken()
	}
	if c.DeviceID != nil {
		v.Device = known[*c.DeviceID].Name
	}
	return nil
}

// Ways says how a person can prove a second factor at present.
type Ways struct {
	Push     []devices.Device // devices that can be asked
	Passkey  bool             // a passkey of theirs works here
	Typed    bool             // an active device or token makes typed passcodes
	Long     bool             // one of the tokens makes eight digits
	Recovery bool             // there are unused recovery codes
	Refusal  error            // nil, *WaitError or ErrPaused: whether a prompt may be sent now
	// Quiet is until when the first of their devices is left alone because the person
	// wants so, zero if none is.
	Quiet time.Time
}

// Ways looks at devices and budgets for one login. Start decides; this only tells.
func (s *Service) Ways(ctx context.Context, ask Ask) (Ways, error) {
	all, err := s.Devices.Active(ctx, ask.UserID)
	if err != nil {
		return Ways{}, fmt.Errorf("look for ways: %w", err)
	}
	b, err := s.budget(ctx, ask.UserID, budgetScope(ask.KnownBrowser))
	if err != nil {
		return Ways{}, fmt.Errorf("look for ways: %w", err)
	}
	w := Ways{Refusal: b.allows(s.now())}
	for _, d := range all {
		w.Typed = w.Typed || ask.Demand.acceptsTyped(d)
		if ask.Demand.asks(d, s.now()) {
			w.Push = append(w.Push, d)
		} else if d.Snoozed(s.now()) && ask.Demand.accepts(d) && (w.Quiet.IsZero() || d.SnoozedUntil.Before(w.Quiet)) {
			w.Quiet = d.SnoozedUntil
		}
	}
	if err := s.typedWays(ctx, ask, &w); err != nil {
		return Ways{}, fmt.Errorf("look for ways: %w", err)
	}
	if ask.Demand.Allows(MethodPasskey) {
		if w.Passkey, err = s.HasPasskey(ctx, ask.UserID); err != nil {
			return Ways{}, fmt.Errorf("look for ways: %w", err)
		}
	}
	if w.Refusal == nil {
		w.Refusal, err = s.elsewhere(ctx, ask)
	}
	return w, err
}

// elsewhere returns a *WaitError while another browser's request is open that this
// one may not supersede.
func (s *Service) elsewhere(ctx context.Context, ask Ask) (refusal, err error) {
	var open struct {
		Browser, Budget string
		ExpiresAt       db.Time `db:"expires_at"`
	}
	err = s.DB.Get(ctx, &open, "SELECT browser, budget, expires_at FROM challenges WHERE user_id = $1 AND state = 'pending' AND expires_at > $2",
		ask.UserID, db.At(s.now()))
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for ways: %w", err)
	case open.Browser == ask.Browser, ask.goesBefore(open.Budget):
		return nil, nil
	}
	return &WaitError{Until: open.ExpiresAt.Time, Elsewhere: true}, nil
}
