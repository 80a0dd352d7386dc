package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbox"
)

// served returns the names of all figures of a whole nod.
func served() map[string]bool {
	m := New()
	m.Ask(Rooms{})
	names := map[string]bool{}
	for _, name := range m.Names() {
		names[name] = true
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var inTable = regexp.MustCompile("(?m)^\\| `((?:nod|go|process)_[a-z0-9_]+)")

func TestWhatIsServedIsDocumentedAndTheOtherWayRound(t *testing.T) {
	documented := map[string]bool{}
	for _, row := range inTable.FindAllStringSubmatch(read(t, "docs/operate.md"), -1) {
		documented[row[1]] = true
	}
	names := served()
	for name := range names {
		if !documented[name] {
			t.Errorf("%s is served and not in docs/operate.md", name)
		}
	}
	for name := range documented {
		if !names[name] {
			t.Errorf("%s is in docs/operate.md and not served", name)
		}
	}
}

type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

var (
	figureName = regexp.MustCompile(`\b(?:nod|go|process)_[a-z0-9_]+`)
	suffix     = regexp.MustCompile(`_(bucket|sum|count)$`)
)

func TestEveryAlertAsksForFiguresThatThereAreAndIsExplained(t *testing.T) {
	var r rules
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "deploy/prometheus-alerts.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil || len(r.Groups) == 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	guide, names := read(t, "docs/operate.md"), served()
	explained := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(Nod[A-Za-z]+)`").FindAllStringSubmatch(guide, -1) {
		explained[row[1]] = true
	}
	for _, group := range r.Groups {
		for _, rule := range group.Rules {
			for _, name := range figureName.FindAllString(rule.Expr, -1) {
				if !names[name] && !names[suffix.ReplaceAllString(name, "")] {
					t.Errorf("%s asks for %s, which is not served", rule.Alert, name)
				}
			}
			if !explained[rule.Alert] {
				t.Errorf("%s is not explained in docs/operate.md", rule.Alert)
			}
			delete(explained, rule.Alert)
			if rule.Expr == "" || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" || strings.Count(rule.Expr, "(") != strings.Count(rule.Expr, ")") {
				t.Errorf("%s is not whole: %+v", rule.Alert, rule)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(explained)) {
		t.Errorf("docs/operate.md explains %s, which is no alert", name)
	}
}

func TestEverythingThatIsToldIsCounted(t *testing.T) {
	m := New()
	m.Request("", 404, time.Second)
	m.Request("GET /x", 503, time.Second)
	m.Request("GET /x", 0, time.Second)
	m.Request("GET /x", 499, time.Second)
	m.Token("refresh_token", "ok")
	m.Push("google", push.Delivered, time.Second)
	m.Attempt("mail", outbox.Dead)
	m.Commit(db.Commit{Writes: 3, Took: time.Millisecond, Notes: []db.Note{{Name: "challenge.denied", Outcome: "ok", Took: 3 * time.Second}, {Name: "login.password", Outcome: "ok"}, {Name: "login.ended", Outcome: "ok"}}})
	m.Commit(db.Commit{Writes: 1, Err: fmt.Errorf("disk full"), Notes: []db.Note{{Name: "login.begun", Outcome: "ok"}}})
	var out strings.Builder
	if err := m.registry.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`nod_http_requests_total{route="none",status="4xx"} 1`, `nod_http_requests_total{route="GET /x",status="503"} 1`,
		`nod_http_requests_total{route="GET /x",status="none"} 1`, `nod_http_requests_total{route="GET /x",status="gone"} 1`,
		`nod_token_requests_total{grant="refresh_token",result="ok"} 1`, `nod_push_messages_total{service="google",result="delivered"} 1`,
		`nod_push_message_seconds_count{service="google"} 1`, `nod_outbox_attempts_total{kind="mail",state="dead"} 1`,
		`nod_challenges_total{state="denied"} 1`, `nod_challenge_answer_seconds_bucket{le="5"} 1`, `nod_logins_total{outcome="ended"} 1`,
		`nod_journal_entries_total{action="login.password",outcome="ok"} 1`, `nod_database_commits_total 1`,
		`nod_database_commit_failures_total 1`, `nod_database_commit_writes_sum 3`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("want %s in\n%s", want, &out)
		}
	}
	for _, not := range []string{"wrong_password", `outcome="begun"`} {
		if strings.Contains(out.String(), not) {
			t.Errorf("%s was counted", not)
		}
	}
}
