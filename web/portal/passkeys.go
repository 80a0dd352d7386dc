package portal

import (
	"context"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/passkey"
)

// Passkeys is the part of the list of devices about passkeys. Link add-passkey.
type Passkeys struct {
	Passkeys []Held
	AddURL   string // "" where people can have none
}

func (s *Surface) passkeys(ctx context.Context, h idp.Holder) (p Passkeys, err error) {
	held, err := s.Logins.OwnPasskeys(ctx, h)
	if err != nil {
		return p, err
	}
	if s.Logins.TakesPasskeys() {
		p.AddURL = addPasskeyPath
	}
	for _, k := range held {
		p.Passkeys = append(p.Passkeys, Held{
			ID: k.ID, Name: k.Name, Kind: s.passkeyKind(k), URL: passkeysPath + "/" + k.ID, Added: day(k.CreatedAt), Used: s.ago(k.UsedAt),
		})
	}
	return p, nil
}

// passkeyKind says where the key is, as far as its maker tells.
func (s *Surface) passkeyKind(k passkey.Passkey) string {
	switch {
	case !s.Logins.MFA.Passkeys.Works(k):
		return s.site.Text("passkey.kind.elsewhere", k.RPID)
	case k.BackupEligible:
		return s.site.Text("passkey.kind.synced")
	}
	return s.site.Text("passkey.kind.bound")
}

// passkeyInWords says what happened to a passkey.
func (s *Surface) passkeyInWords(e idp.Event) (what, tone string) {
	switch e.Kind {
	case idp.PasskeyAdded:
		return s.site.Text("passkey.event.added", e.Device), warning
	case idp.PasskeyRenamed:
		return s.site.Text("passkey.event.renamed", e.Device), calm
	case idp.PasskeyRemoved:
		return s.site.Text("passkey.event.removed", e.Device), warning
	case idp.PasskeyWrong:
		return s.site.Text("passkey.event.wrong"), warning
	}
	return s.codeInWords(e)
}
