package idp

import (
	"context"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// SetRules replaces the rules of the policy while logins go on: each decision is made
// under the old ones or under the new ones. Without its entry in the journal nothing
// changes. What else the policy says stays.
func (s *Service) SetRules(ctx context.Context, rules []mfa.Rule, difference []string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "policy.replaced", Detail: map[string]any{"changes": difference}})
	})
	if err != nil {
		return err
	}
	s.UseRules(rules)
	return nil
}

// UseRules is SetRules for a change that is in the journal already.
func (s *Service) UseRules(rules []mfa.Rule) {
	p := s.policy()
	p.Rules = rules
	s.replaced.Store(&p)
}

// policy is the one in force.
func (s *Service) policy() mfa.Policy {
	if p := s.replaced.Load(); p != nil {
		return *p
	}
	return s.Policy
}
