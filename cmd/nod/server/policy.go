package server

import (
	"context"
	"fmt"
	"sync"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/mfa"
)

// rules are the ones in force, and where they come from.
type rules struct {
	sync.Mutex
	inForce []mfa.Rule
	file    []mfa.Rule // of this node's configuration
	applied bool       // "nod apply" put others into the database, which count instead
}

// openRules puts into force what was applied to the installation. Rules that this binary
// cannot read keep it from starting: there are none before that could stay.
func (s *Server) openRules(ctx context.Context) error {
	s.rules.file, s.rules.inForce = s.Options.Policy.Rules, s.Options.Policy.Rules
	a, err := s.Rulesets.Get(ctx)
	if err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	return s.useApplied(a)
}

// followRules keeps to what is applied, on whichever node that was done.
func (s *Server) followRules(ctx context.Context) {
	s.Rulesets.Follow(ctx, func(a ruleset.Applied) {
		if err := s.useApplied(a); err != nil {
			s.Options.log().Error("the policy that was applied is not in force here; the one before stays", "error", err)
		}
	})
}

// useApplied puts rules into force that were applied, or those of the file again. The journal
// has the change already.
func (s *Server) useApplied(a ruleset.Applied) error {
	s.rules.Lock()
	defer s.rules.Unlock()
	all := s.rules.file
	if a.There {
		var err error
		if all, err = config.ParseRules("the applied policy", a.Text); err != nil {
			return err
		}
		if !s.rules.applied && len(s.rules.file) > 0 {
			s.Options.log().Warn("the policy in the configuration file does not count: nod apply put another one into the database")
		}
	}
	s.rules.applied = a.There
	if difference := mfa.Difference(s.rules.inForce, all); len(difference) > 0 {
		s.Logins.UseRules(all)
		s.rules.inForce = all
		s.Options.log().Info("the policy was replaced", "changes", difference)
	}
	return nil
}

// SetRules takes the rules of the configuration file, which was read again, and puts them
// into force for every decision from now on; log and journal tell what changed. Where others
// were applied those stay in force. Whatever it fails at, the rules before stay.
func (s *Server) SetRules(ctx context.Context, all []mfa.Rule) error {
	s.rules.Lock()
	defer s.rules.Unlock()
	difference := mfa.Difference(s.rules.inForce, all)
	switch {
	case s.rules.applied:
		s.Options.log().Warn("the policy in the configuration file was read again and does not count: nod apply put another one into the database")
	case len(difference) == 0:
		s.Options.log().Info("the policy was read again; it is the same")
	default:
		if err := s.Logins.SetRules(audit.As(ctx, "configuration"), all, difference); err != nil {
			return fmt.Errorf("replace the policy: %w", err)
		}
		s.rules.inForce = all
		s.Options.log().Info("the policy was read again", "changes", difference)
	}
	s.rules.file = all
	return nil
}
