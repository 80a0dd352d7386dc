package idp

import (
	"context"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/token"
)

// means is what a person can prove themselves with, besides the password.
type means struct {
	devices  []devices.Device
	passkeys []passkey.Passkey
	tokens   []token.Token
	codes    bool // recovery codes that were not used yet
	strong   bool // something of it verifies its person, and can be used now
}

// meansOf looks up what a person has.
func (s *Service) meansOf(ctx context.Context, userID string) (m means, err error) {
	if m.devices, err = s.Devices.List(ctx, userID); err != nil {
		return m, fmt.Errorf("look for devices: %w", err)
	}
	m.strong = slices.ContainsFunc(m.devices, func(d devices.Device) bool {
		refused := s.policy().RefuseSoftware && d.Kind == protocol.KindSoftware
		return d.State == devices.Active && d.Verifies() && !refused
	})
	if s.MFA.Tokens != nil {
		if m.tokens, err = s.MFA.Tokens.List(ctx, userID); err != nil {
			return m, err
		}
	}
	if s.MFA.Recovery != nil {
		set, err := s.MFA.Recovery.Find(ctx, userID)
		if err != nil {
			return m, err
		}
		m.codes = set.Left > 0
	}
	if s.MFA.Passkeys == nil {
		return m, nil
	}
	if m.passkeys, err = s.MFA.Passkeys.List(ctx, userID); err != nil {
		return m, err
	}
	m.strong = m.strong || slices.ContainsFunc(m.passkeys, s.MFA.Passkeys.Works)
	return m, nil
}

// none reports whether nothing but the password stands before the person's own pages.
func (m means) none() bool {
	return !m.codes && len(m.passkeys) == 0 && len(m.tokens) == 0 && !slices.ContainsFunc(m.devices, guards)
}

// holds reports whether what proved a session may still be used: whoever removes a lost
// passkey, or suspends a stolen phone, must not find it undone by a session made with it.
func (m means) holds(e evidence.Evidence) bool {
	return slices.ContainsFunc(m.devices, func(d devices.Device) bool { return d.ID == e.Device && d.State == devices.Active }) ||
		slices.ContainsFunc(m.passkeys, func(k passkey.Passkey) bool { return k.ID == e.Passkey }) ||
		slices.ContainsFunc(m.tokens, func(t token.Token) bool { return t.ID == e.Token })
}

// guards reports whether a device stands between the password and the person's own
// pages. One that is suspended does: else whoever stole it could disable it with wrong
// PINs and go on with the password alone.
func guards(d devices.Device) bool { return d.State == devices.Active || d.State == devices.Suspended }
