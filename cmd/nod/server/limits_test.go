package server

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/web/guard"
)

// The routes are those of the real server, which does not start where one has no limit.
func TestEveryRouteIsInTheTableOfLimitsAndNoOtherIs(t *testing.T) {
	s, err := Open(t.Context(), Options{Place: config.Place{Data: t.TempDir()}, PublicURL: "http://localhost:8080"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	edge := h.(*guard.Edge)
	routes := slices.Concat(edge.Browser.Routes(), edge.API.Routes())
	if edge.API.Limits == nil || edge.API.Limits != edge.Browser.Limits {
		t.Fatal("the doors do not share one table")
	}
	for _, l := range limits {
		for _, route := range l.Routes {
			if !slices.Contains(routes, route) {
				t.Errorf("%s is limited and does not exist", route)
			}
		}
	}
	if missing := edge.API.Limits.Missing(append(routes, "POST /new")); fmt.Sprint(missing) != "[POST /new]" {
		t.Errorf("got %v, want the one that was made up", missing)
	}
}

// docs/operate.md tells the same figures.
func TestTheTableOfLimitsIsTheOneInTheGuide(t *testing.T) {
	text, err := os.ReadFile("../../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-z ]+) \| ([^|]+) \| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		rows[row[1]] = row[2] + "/" + row[3]
	}
	for _, l := range limits {
		want := "not counted/–"
		if l.PerSecond > 0 {
			want = strings.Replace(fmt.Sprintf("%.0f/%d", l.PerSecond, l.Burst), "/10000", "/10,000", 1)
		}
		if rows[l.Name] != want {
			t.Errorf("%s: the guide says %q, want %q", l.Name, rows[l.Name], want)
		}
	}
}
