package devices

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
)

// Subscribe takes where a device is woken from now on, or why it cannot be. Devices say
// so each time they are opened, since browsers change it without a word.
func (s *Devices) Subscribe(ctx context.Context, d Device, msg protocol.Subscribe) (protocol.Channel, error) {
	if s.Subscriptions == nil {
		return protocol.Channel{}, refuse(protocol.ErrInvalidRequest, "This server wakes no devices.")
	}
	if msg.Blocked != protocol.BlockedNot {
		if err := s.Subscriptions.Block(ctx, d.ID, string(msg.Blocked)); err != nil {
			return protocol.Channel{}, err
		}
		return s.Channel(ctx, d)
	}
	sub, err := push.ParseSubscription(msg.Subscription)
	if err == nil {
		err = s.Subscriptions.Set(ctx, d.ID, sub)
	}
	if errors.Is(err, push.ErrBadSubscription) {
		return protocol.Channel{}, errors.Join(refuse(protocol.ErrInvalidRequest, "This server does not send to that push service."), err)
	}
	if err != nil {
		return protocol.Channel{}, fmt.Errorf("subscribe device: %w", err)
	}
	return s.Channel(ctx, d)
}

// Channel says where waking a device stands, in the words of the protocol.
func (s *Devices) Channel(ctx context.Context, d Device) (protocol.Channel, error) {
	c := protocol.Channel{On: d.PushOn, Forbidden: d.PushForbidden}
	if d.Snoozed(s.now()) {
		until := protocol.At(d.SnoozedUntil)
		c.SnoozedUntil = &until
	}
	if s.Subscriptions == nil {
		return c, nil
	}
	state, err := s.Subscriptions.State(ctx, d.ID)
	if err != nil {
		return c, err
	}
	c.Subscribed, c.Blocked, c.Failure = state.Subscribed, protocol.Blocked(state.Blocked), string(state.Failure)
	if !state.DeliveredAt.IsZero() {
		at := protocol.At(state.DeliveredAt)
		c.DeliveredAt = &at
	}
	if !state.FailedAt.IsZero() {
		at := protocol.At(state.FailedAt)
		c.FailedAt = &at
	}
	return c, nil
}
