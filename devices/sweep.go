package devices

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// keepEnded is how long an enrolment that is over is remembered, so that a late
// phone is told that it is late and not that it never was.
const keepEnded = 7 * 24 * time.Hour

// Sweep ends enrolments whose time is up, erasing the secrets of their half-made
// devices, and deletes those that ended long ago and notices that are over: at most
// limit of each. It returns how many it touched and may run on several nodes at once.
func (s *Devices) Sweep(ctx context.Context, limit int) (swept int64, err error) {
	now := s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		swept = 0
		overdue, err := overdueEnrolments(tx, now, limit)
		if err != nil {
			return err
		}
		for _, e := range overdue {
			n, err := expireEnrolment(tx, e)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := s.drop(tx, e, "device.enrolment.expired", "expired", now); err != nil {
				return err
			}
			swept++
		}
		forgotten, err := forgetEnrolments(tx, now.Add(-keepEnded), limit)
		if err != nil {
			return err
		}
		notices, err := forgetNotices(tx, now, limit)
		swept += forgotten + notices
		return err
	})
	return swept, wrap("sweep enrolments", err)
}
