package mfa

import (
	"context"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// Pager wakes devices; *push.Pager does so by Web Push.
type Pager interface {
	// ReachableTx returns which of the devices can be woken.
	ReachableTx(tx *db.Tx, deviceIDs []string) (map[string]bool, error)
	// Wake makes one try, which ends before until. A wake-up that is repeated under
	// the same id shows the person nothing new.
	Wake(ctx context.Context, deviceID, wakeID string, until time.Time) push.Result
}

// wakeTopic is announced when wake-ups were queued.
const wakeTopic = "wake-ups"

// queueTx queues a challenge for every device, and a wake-up for those that can be
// woken. The others cost nothing: they learn of it when they ask.
func (s *Service) queueTx(tx *db.Tx, challengeID string, asked []devices.Device, now time.Time) error {
	reachable, err := s.reachableTx(tx, asked)
	if err != nil {
		return err
	}
	for _, d := range asked {
		var wakeAt time.Time
		if reachable[d.ID] {
			wakeAt = now
		}
		if err := insertDeliveryTx(tx, challengeID, d.ID, wakeAt, now); err != nil {
			return err
		}
		tx.Announce(devices.Topic(d.ID))
	}
	if len(reachable) > 0 {
		tx.Announce(wakeTopic)
	}
	return nil
}

// reachableTx holds only devices that are, and whose person wants them woken.
func (s *Service) reachableTx(tx *db.Tx, asked []devices.Device) (map[string]bool, error) {
	if s.Pager == nil {
		return nil, nil
	}
	var ids []string
	for _, d := range asked {
		if d.PushOn && !d.Snoozed(s.now()) {
			ids = append(ids, d.ID)
		}
	}
	reachable, err := s.Pager.ReachableTx(tx, ids)
	for id, yes := range reachable {
		if !yes {
			delete(reachable, id)
		}
	}
	return reachable, err
}

// unreached reports whether waking was tried and no device is known to have been
// reached in any way.
func unreached(asked []delivery) bool {
	failed := false
	for _, d := range asked {
		if d.State != Queued {
			return false
		}
		failed = failed || d.Failure != ""
	}
	return failed
}
