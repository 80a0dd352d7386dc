package mfa

import (
	"context"
	"slices"
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
// woken. The others cost nothing: they learn of it when they ask. With a pause, those that
// can be woken are asked in turns, the one that was used last first; whoever opens the app
// on a later one sees nothing before its turn.
func (s *Service) queueTx(tx *db.Tx, challengeID string, asked []devices.Device, pause time.Duration, now time.Time) error {
	reachable, err := s.reachableTx(tx, asked)
	if err != nil {
		return err
	}
	slices.SortStableFunc(asked, func(a, b devices.Device) int { return b.SeenAt.Compare(a.SeenAt) })
	turn := now
	for _, d := range asked {
		at, wakeAt := now, time.Time{}
		if reachable[d.ID] {
			at, wakeAt = turn, turn
			turn = turn.Add(pause)
		}
		if err := insertDeliveryTx(tx, challengeID, d.ID, wakeAt, at); err != nil {
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
