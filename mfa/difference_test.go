package mfa_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/mfa"
)

func TestWhatChangedInRulesIsSaidByTheirNames(t *testing.T) {
	office := mfa.Rule{Name: "office", Session: time.Hour}
	admins := mfa.Rule{Name: "admins", Groups: []string{"admins"}}
	unnamed := mfa.Rule{Factor: mfa.Push}
	longer := office
	longer.Session = 2 * time.Hour
	for name, row := range map[string]struct {
		before, after []mfa.Rule
		want          []string
	}{
		"nothing":     {[]mfa.Rule{office, unnamed}, []mfa.Rule{office, unnamed}, nil},
		"none at all": {nil, nil, nil},
		"the first":   {nil, []mfa.Rule{unnamed}, []string{"rule 1 is new"}},
		"a value":     {[]mfa.Rule{office, admins}, []mfa.Rule{longer, admins}, []string{"rule office is another"}},
		"the order":   {[]mfa.Rule{office, admins}, []mfa.Rule{admins, office}, []string{"rule admins moves from place 2 to 1", "rule office moves from place 1 to 2"}},
		"a removal":   {[]mfa.Rule{office, admins}, []mfa.Rule{office}, []string{"rule admins is gone"}},
	} {
		if got := mfa.Difference(row.before, row.after); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}
