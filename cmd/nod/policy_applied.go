package main

import (
	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/declare"
	"github.com/nod-idp/nod/mfa"
)

// appliedRules returns the rules that "nod apply" put into the database, and whether it did.
func (v *verb) appliedRules() ([]mfa.Rule, bool, error) {
	a, err := v.Rulesets.Get(v.ctx)
	if err != nil || !a.There {
		return nil, false, err
	}
	all, err := config.ParseRules("the applied policy", a.Text)
	return all, true, err
}

// policyDifference says how the rules that a file wants differ from those applied before.
func (v *verb) policyDifference(wanted *declare.Policy) ([]string, error) {
	before, there, err := v.appliedRules()
	switch {
	case wanted == nil:
		return nil, nil
	case err != nil && wanted.Gone: // what cannot be read can be taken away
		return []string{"it stands in the configuration file again"}, nil
	case err != nil: // or replaced
		return []string{"the rules that cannot be read are replaced"}, nil
	case wanted.Gone && !there:
		return nil, nil
	case wanted.Gone:
		return append(mfa.Difference(before, nil), "it stands in the configuration file again"), nil
	}
	difference := mfa.Difference(before, wanted.Rules)
	if !there {
		difference = append(difference, "it does not stand in the configuration file any more")
	}
	return difference, nil
}
