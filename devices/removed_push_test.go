package devices_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"testing"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
)

func TestARemovedDeviceIsNotWokenAnyMore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.enrolled(protocol.VerifyPlain).DeviceID
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		subscriptions := &push.Subscriptions{DB: h.DB, Box: h.Box, Now: h.now}
		err = subscriptions.Set(ctx, id, push.Subscription{
			Endpoint: "https://web.push.apple.com/x", P256DH: key.PublicKey().Bytes(), Auth: make([]byte, 16),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Suspend(ctx, alice, id, "user"); err != nil {
			t.Fatal(err)
		}
		if c, err := subscriptions.State(ctx, id); err != nil || !c.Subscribed {
			t.Errorf("suspended: got %+v, %v, want it kept for later", c, err)
		}
		if err := h.Remove(ctx, alice, id, "user"); err != nil {
			t.Fatal(err)
		}
		if c, err := subscriptions.State(ctx, id); err != nil || c != (push.Channel{}) {
			t.Errorf("removed: got %+v, %v, want nothing left", c, err)
		}
	})
}
