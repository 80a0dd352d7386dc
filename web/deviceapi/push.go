package deviceapi

import (
	"context"
	"net/http"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/web/guard"
)

// push is the person's own switch.
func (s *Surface) push(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.PushSetting
	d, ctx, err := s.receive(r, protocol.VerbPush, &msg)
	if err != nil {
		return err
	}
	if err := s.Devices.SetPush(ctx, d.UserID, d.ID, *msg.On); err != nil {
		return err
	}
	d.PushOn = *msg.On
	return s.pushState(ctx, w, d)
}

// snooze leaves the device alone for a while, or no longer.
func (s *Surface) snooze(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.Snooze
	d, ctx, err := s.receive(r, protocol.VerbSnooze, &msg)
	if err != nil {
		return err
	}
	var until time.Time
	if msg.Until != nil {
		until = msg.Until.Time
	}
	if err := s.Devices.Snooze(ctx, d.UserID, d.ID, until); err != nil {
		return err
	}
	if d, err = s.Devices.Get(ctx, d.ID); err != nil {
		return err
	}
	return s.pushState(ctx, w, d)
}

// subscribe takes where the device is woken, or why it cannot be.
func (s *Surface) subscribe(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.Subscribe
	d, ctx, err := s.receive(r, protocol.VerbSubscribe, &msg)
	if err != nil {
		return err
	}
	channel, err := s.Devices.Subscribe(ctx, d, msg)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, protocol.PushState{PushOn: d.PushOn, Push: channel})
}

// pushState answers with where waking the device stands.
func (s *Surface) pushState(ctx context.Context, w http.ResponseWriter, d devices.Device) error {
	channel, err := s.Devices.Channel(ctx, d)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, protocol.PushState{PushOn: d.PushOn, Push: channel})
}
