package server

import (
	"context"
	"fmt"
	"sync"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/mfa"
)

// rules are the ones in force, for telling what a change of them changes.
type rules struct {
	sync.Mutex
	inForce []mfa.Rule
}

// SetRules puts the administrator's rules into force for every decision from now on, and
// tells log and journal what changed. Whatever it fails at, the rules before stay.
func (s *Server) SetRules(ctx context.Context, all []mfa.Rule) error {
	s.rules.Lock()
	defer s.rules.Unlock()
	difference := mfa.Difference(s.rules.inForce, all)
	if len(difference) == 0 {
		s.Options.log().Info("the policy was read again; it is the same")
		return nil
	}
	if err := s.Logins.SetRules(audit.As(ctx, "configuration"), all, difference); err != nil {
		return fmt.Errorf("replace the policy: %w", err)
	}
	s.rules.inForce = all
	s.Options.log().Info("the policy was read again", "changes", difference)
	return nil
}
