package devices

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// LongestSnooze is how long a person can have a device left alone at most: whoever
// forgets it is asked again the next day.
const LongestSnooze = 24 * time.Hour

// Snoozed reports whether the person wants the device left alone now.
func (d Device) Snoozed(now time.Time) bool { return now.Before(d.SnoozedUntil) }

// Snooze leaves an active device alone until a moment, at most for LongestSnooze. The
// zero time, or one that has passed, has it asked again.
func (s *Devices) Snooze(ctx context.Context, userID, id string, until time.Time) error {
	now := s.now()
	if longest := now.Add(LongestSnooze); until.After(longest) {
		until = longest
	}
	detail := map[string]any{}
	if until.After(now) {
		detail["until"] = until.UTC().Format(time.RFC3339)
	} else {
		until = time.Time{}
	}
	return s.change(ctx, "device.snoozed", userID, id, detail, func(tx *db.Tx) error {
		return setSnooze(tx, userID, id, until)
	})
}

// SeenFrom notes where a device answers from, if that is news. It is compared with where
// the next sign-in comes from, and proves nothing.
func (s *Devices) SeenFrom(ctx context.Context, d Device, ip string) error {
	if ip == "" || ip == d.SeenIP {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := setSeenIP(tx, d.ID, ip); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "device.moved", Subject: d.ID, User: d.UserID, Detail: map[string]any{"ip": ip}})
	})
}
