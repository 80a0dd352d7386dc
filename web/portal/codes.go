package portal

import (
	"context"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/token"
)

// Codes is the part of the list of devices about what people type: from authenticator
// apps and hardware tokens, and from paper. Links add-token and recovery-codes.
type Codes struct {
	Tokens      []Held
	AddURL      string
	RecoveryURL string
	Left        int  // unused recovery codes
	Made        bool // there ever were some
	Recovered   bool // the person signed in with one
}

func (s *Surface) codes(ctx context.Context, h idp.Holder) (Codes, error) {
	held, err := s.Logins.HeldTokens(ctx, h)
	if err != nil {
		return Codes{}, err
	}
	set, err := s.Logins.RecoverySet(ctx, h)
	if err != nil {
		return Codes{}, err
	}
	c := Codes{AddURL: addTokenPath, RecoveryURL: recoveryPath, Left: set.Left, Made: set.ID != "", Recovered: h.Recovered()}
	for _, t := range held {
		c.Tokens = append(c.Tokens, Held{
			ID: t.ID, Name: t.Name, Kind: s.tokenKind(t.Kind), URL: tokensPath + "/" + t.ID, Added: day(t.CreatedAt), Used: s.ago(t.UsedAt),
		})
	}
	return c, nil
}

func (s *Surface) tokenKind(k token.Kind) string {
	if k == token.HOTP {
		return s.site.Text("token.kind.button")
	}
	return s.site.Text("token.kind.app")
}

// codeInWords says what happened to what people type.
func (s *Surface) codeInWords(e idp.Event) (what, tone string) {
	switch e.Kind {
	case idp.TokenAdded:
		return s.site.Text("token.event.added", e.Device), warning
	case idp.TokenRenamed:
		return s.site.Text("token.event.renamed", e.Device), calm
	case idp.TokenRemoved:
		return s.site.Text("token.event.removed", e.Device), warning
	case idp.RecoveryMade:
		return s.site.Text("recovery.event.made"), warning
	case idp.RecoveryUsed:
		return s.site.Text("recovery.event.used"), warning
	case idp.RecoveryWrong:
		return s.site.Text("recovery.event.wrong"), warning
	}
	return s.site.Text("account.event.other"), calm
}
