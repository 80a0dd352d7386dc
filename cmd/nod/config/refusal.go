package config

import (
	"fmt"
	"strings"
)

// Refusal is a setting that was refused: where it stands, what it says and what is
// allowed instead.
type Refusal struct {
	Origin  string // "nod.yaml:3", "environment NOD_LISTEN", "flag --listen" or "default"
	Name    string
	Value   string // masked where it may hold a secret
	Allowed string
}

// Error names file and line, the setting, the wrong value and what is allowed.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %s: %q is refused; allowed is %s", r.Origin, r.Name, r.Value, r.Allowed)
}

// unknown refuses a name that no setting has, and points to the nearest one.
func unknown(origin, name string, names []string) *Refusal {
	nearest, best := "", len(name)/3+2
	for _, known := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(known)); d < best {
			nearest, best = known, d
		}
	}
	allowed := "one of " + strings.Join(names, ", ")
	if nearest != "" {
		allowed = nearest + ", or another setting; nod serve --help lists them"
	}
	return &Refusal{Origin: origin, Name: "unknown setting", Value: name, Allowed: allowed}
}

// distance counts the letters to insert, drop or replace between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
