package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Subscriptions keeps where devices are woken. It is safe for concurrent use.
type Subscriptions struct {
	DB    *db.DB
	Box   *seal.Box
	Hosts Hosts
	Now   func() time.Time // nil means time.Now
}

// Channel is where waking a device stands, for telling its person the truth.
type Channel struct {
	Subscribed  bool      // the device can be woken
	Gone        bool      // it could, until its push service said that it is over
	Blocked     string    // why the device itself says that it cannot, "" if it says nothing of the kind
	ChangedAt   time.Time // of the subscription; zero if there never was one
	DeliveredAt time.Time // when a push service last took a wake-up, to the minute; zero if never
	FailedAt    time.Time // when it last did not, zero if it has since
	Failure     Outcome   // and why, "" if it has since
}

// Set says where a device is woken from now on. Saying what is so already changes
// nothing. A subscription that nod would not send to is ErrBadSubscription.
func (s *Subscriptions) Set(ctx context.Context, deviceID string, sub Subscription) error {
	if err := s.Hosts.Check(sub); err != nil {
		return err
	}
	// An app says so every time it is opened, and mostly nothing is new.
	r, err := s.read(ctx, deviceID)
	if err == nil && s.holds(r, sub) {
		return nil
	}
	if err == nil || errors.Is(err, db.ErrNotFound) {
		err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.SetTx(tx, deviceID, sub) })
	}
	return wrap("subscribe a device", err)
}

// SetTx is Set in the caller's transaction.
func (s *Subscriptions) SetTx(tx *db.Tx, deviceID string, sub Subscription) error {
	if err := s.Hosts.Check(sub); err != nil {
		return err
	}
	r, err := lockTx(tx, deviceID)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return err
	}
	if err == nil && s.holds(r, sub) {
		return nil
	}
	now := s.now()
	sealed := s.Box.Seal(place(deviceID), sub.encode())
	if err := saveTx(tx, deviceID, s.hash(sub.Endpoint), sealed, now); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "device.push.subscribed", Subject: deviceID})
}

// Block keeps that a device cannot be woken, in the one word that it gave for it. Saying
// so again changes nothing.
func (s *Subscriptions) Block(ctx context.Context, deviceID, why string) error {
	r, err := s.read(ctx, deviceID)
	if err == nil && r.State == gone && r.Blocked == why {
		return nil
	}
	if err == nil || errors.Is(err, db.ErrNotFound) {
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			now := s.now()
			n, err := blockTx(tx, deviceID, why, now)
			if n == 0 || err != nil {
				return err
			}
			return audit.Record(tx, audit.Entry{At: now, Action: "device.push.blocked", Subject: deviceID, Detail: map[string]any{"why": why}})
		})
	}
	return wrap("note why a device cannot be woken", err)
}

// Drop forgets where a device is woken. Dropping what is not there is no error.
func (s *Subscriptions) Drop(ctx context.Context, deviceID string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := deleteTx(tx, deviceID)
		if n == 0 || err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "device.push.unsubscribed", Subject: deviceID})
	})
	return wrap("unsubscribe a device", err)
}

// DropTx forgets where a device is woken because the device itself has ended, which
// the caller records.
func DropTx(tx *db.Tx, deviceID string) error {
	_, err := deleteTx(tx, deviceID)
	return err
}

// State says where waking a device stands.
func (s *Subscriptions) State(ctx context.Context, deviceID string) (Channel, error) {
	r, err := s.read(ctx, deviceID)
	if errors.Is(err, db.ErrNotFound) {
		return Channel{}, nil
	}
	return Channel{
		Subscribed: r.State == active, Gone: r.State == gone && r.Blocked == "", Blocked: r.Blocked, ChangedAt: r.ChangedAt.Time,
		DeliveredAt: r.DeliveredAt.Time, FailedAt: r.FailedAt.Time, Failure: r.Failure,
	}, wrap("look at a subscription", err)
}

// find returns the subscription of a device with its row, db.ErrNotFound if there is
// none that is active.
func (s *Subscriptions) find(ctx context.Context, deviceID string) (Subscription, row, error) {
	r, err := s.read(ctx, deviceID)
	if err == nil && r.State != active {
		err = db.ErrNotFound
	}
	if err != nil {
		return Subscription{}, r, err
	}
	sub, err := s.open(r)
	return sub, r, err
}

func (s *Subscriptions) open(r row) (Subscription, error) {
	text, err := s.Box.Open(place(r.DeviceID), r.Subscription)
	if err != nil {
		return Subscription{}, err
	}
	return ParseSubscription(text)
}

// holds reports whether the row says the same already.
func (s *Subscriptions) holds(r row, sub Subscription) bool {
	if r.State != active {
		return false
	}
	old, err := s.open(r)
	return err == nil && old.Same(sub)
}

// noteFineEvery is how exactly it is known when a device was last woken.
const noteFineEvery = time.Minute

// note keeps what became of a message, so that the person can be told.
func (s *Subscriptions) note(ctx context.Context, r row, got Result) error {
	now := s.now()
	switch {
	case got.Outcome == Expired:
		return nil // nothing was tried
	case got.Outcome == Gone:
		return s.gone(ctx, r.EndpointHash, now)
	case got.Outcome == Delivered && r.Failure == "" && now.Sub(r.DeliveredAt.Time).Abs() < noteFineEvery:
		return nil
	case got.Outcome != Delivered && r.Failure == got.Outcome && now.Sub(r.FailedAt.Time).Abs() < noteFineEvery:
		return nil
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if got.Outcome == Delivered {
			return deliveredTx(tx, r, now)
		}
		return failedTx(tx, r, got.Outcome, now)
	})
	return wrap("note what became of a wake-up", err)
}

// gone ends every subscription with that endpoint: one installation has one, whatever
// the number of its accounts.
func (s *Subscriptions) gone(ctx context.Context, endpointHash []byte, now time.Time) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		ended, err := goneTx(tx, endpointHash, now)
		for _, id := range ended {
			err = errors.Join(err, audit.Record(tx, audit.Entry{At: now, Action: "device.push.gone", Subject: id}))
		}
		return err
	})
	return wrap("end a subscription", err)
}

// hash tells equal endpoints without telling the endpoint.
func (s *Subscriptions) hash(endpoint string) []byte { return s.Box.MAC("push-endpoint", endpoint) }

func (s *Subscriptions) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func place(deviceID string) seal.Place {
	return seal.Place{Table: "push_subscriptions", Row: deviceID, Column: "subscription"}
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
