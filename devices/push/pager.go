package push

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Pager wakes devices by their subscriptions.
type Pager struct {
	Subscriptions *Subscriptions
	Sender        *Sender
}

// Message is all that a wake-up holds. The device asks nod for the rest, and signs
// the question.
type Message struct {
	Device string `json:"device"`
	Wake   string `json:"wake"`
}

// ReachableTx returns which of the devices can be woken.
func (p *Pager) ReachableTx(tx *db.Tx, deviceIDs []string) (map[string]bool, error) {
	reachable := make(map[string]bool, len(deviceIDs))
	for _, id := range deviceIDs {
		yes, err := reachableTx(tx, id)
		if err != nil {
			return nil, err
		}
		reachable[id] = yes
	}
	return reachable, nil
}

// ReachableTx returns whether a device can be woken.
func ReachableTx(tx *db.Tx, deviceID string) (bool, error) { return reachableTx(tx, deviceID) }

// Wake makes one try to wake a device before until, and keeps what became of it with
// its subscription. Waking twice with one wake id shows the person one notification.
func (p *Pager) Wake(ctx context.Context, deviceID, wakeID string, until time.Time) Result {
	sub, row, err := p.Subscriptions.find(ctx, deviceID)
	if errors.Is(err, db.ErrNotFound) {
		return Result{Outcome: Unsubscribed, Err: err}
	}
	if errors.Is(err, ErrBadSubscription) {
		return Result{Outcome: Rejected, Err: err}
	}
	if err != nil {
		return Result{Outcome: Unreachable, Err: err}
	}
	payload, err := json.Marshal(Message{Device: deviceID, Wake: wakeID})
	if err != nil {
		return Result{Outcome: Rejected, Err: err}
	}
	got := p.Sender.Send(ctx, sub, payload, Options{Until: until, Topic: topic(deviceID)})
	// Whoever gave up meanwhile, what happened is worth knowing.
	if err := p.Subscriptions.note(context.WithoutCancel(ctx), row, got); err != nil {
		got.Err = errors.Join(got.Err, err)
	}
	return got
}

// topic makes a newer wake-up of a device replace an older one that still waits at
// the push service: 32 characters of base64url (RFC 8030, section 5.4).
func topic(deviceID string) string {
	sum := sha256.Sum256([]byte("nod-push-topic\x00" + deviceID))
	return base64url(sum[:24])
}
