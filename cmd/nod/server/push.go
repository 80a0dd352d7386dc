package server

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/outbound"
)

// openPush connects what wakes devices, and makes the key that push services know
// this installation by at its first start.
func (s *Server) openPush(ctx context.Context) error {
	o, box := s.Options, s.Instance.Box
	allow, err := outbound.ParseAllow(o.OutboundAllow)
	if err != nil {
		return fmt.Errorf("outbound allow-list: %w", err)
	}
	hosts, err := push.ParseHosts(o.PushHosts)
	if err != nil {
		return err
	}
	if s.PushKey, err = push.OpenIdentity(ctx, s.DB, box, push.IdentityOptions{Subject: push.Subject(o.PublicURL), Now: o.Now}); err != nil {
		return err
	}
	s.Outbound = &outbound.Client{Allow: allow, TLS: o.OutboundTLS}
	s.Entra.Client = s.Outbound
	s.Push = &push.Pager{
		Subscriptions: &push.Subscriptions{DB: s.DB, Box: box, Hosts: hosts, Now: o.Now},
		Sender:        &push.Sender{Client: s.Outbound, Identity: s.PushKey, Hosts: hosts, Now: o.Now, Log: o.log()},
	}
	s.MFA.Pager = s.Push
	s.Devices.PushKey, s.Devices.Subscriptions = s.PushKey.PublicKey(), s.Push.Subscriptions
	return nil
}
