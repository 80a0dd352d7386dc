package nodes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ledger is what browsers, phones and the application were told. It is held against the
// journal and the rows afterwards.
type ledger struct {
	mu         sync.Mutex
	logins     map[string]bool // begun; true when finished
	approvals  []string        // acknowledged to a phone
	retries    map[string]int
	first      map[string]string // the first error of each kind
	codes      map[string]int    // how often tokens were given for it
	successors map[string]string // of a refresh token
	double     []string
}

func newLedger() *ledger {
	return &ledger{
		logins: map[string]bool{}, retries: map[string]int{}, first: map[string]string{},
		codes: map[string]int{}, successors: map[string]string{},
	}
}

func (l *ledger) began(login string)    { l.note(func() { l.logins[login] = false }) }
func (l *ledger) finished(login string) { l.note(func() { l.logins[login] = true }) }
func (l *ledger) approved(id string)    { l.note(func() { l.approvals = append(l.approvals, id) }) }

func (l *ledger) retried(what string, err error) {
	l.note(func() {
		l.retries[what]++
		if l.first[what] == "" {
			l.first[what] = err.Error()
		}
	})
}

// redeemed notes that tokens were given for a code.
func (l *ledger) redeemed(code string) { l.note(func() { l.codes[code]++ }) }

// succeeded notes which token followed which.
func (l *ledger) succeeded(parent, successor string) {
	l.note(func() {
		if other := l.successors[parent]; other != "" && other != successor {
			l.double = append(l.double, "a refresh token has two successors")
		}
		l.successors[parent] = successor
	})
}

func (l *ledger) note(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *ledger) finishedLogins() (n int) {
	l.note(func() {
		for _, finished := range l.logins {
			if finished {
				n++
			}
		}
	})
	return n
}

// check holds what was told against what is stored: 0 lost approvals, 0 double issues, 0
// stuck logins.
func (l *ledger) check(t *testing.T, c *cluster) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for login, finished := range l.logins {
		if !finished {
			t.Errorf("the login %s is stuck", login)
		}
	}
	for code, n := range l.codes {
		if n > 1 {
			t.Errorf("a code was honoured %d times: %.12s…", n, code)
		}
	}
	for _, what := range l.double {
		t.Error(what)
	}
	verified := map[string]bool{}
	var ids []string
	if err := c.rows().Select(t.Context(), &ids, "SELECT subject FROM audit WHERE action = 'challenge.verified' AND outcome = 'ok'"); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		verified[id] = true
	}
	for _, id := range l.approvals {
		if !verified[id] {
			t.Errorf("the approval of %s was acknowledged and is lost", id)
		}
	}
	for what, query := range invariants {
		var found []struct {
			Subject string
			N       int
		}
		if err := c.rows().Select(t.Context(), &found, query); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, f := range found {
			t.Errorf("%s: %s, %d times", what, f.Subject, f.N)
		}
	}
	c.verb("", nil, "audit", "verify")
	c.keptSecret(slices.Concat(slices.Collect(maps.Keys(l.codes)), slices.Collect(maps.Keys(l.successors)), slices.Collect(maps.Values(l.successors))))
}

// invariants find what must not be there.
var invariants = map[string]string{
	"the journal tells of something twice that happens once": `SELECT action || ' ' || subject AS subject, count(*) AS n FROM audit
		WHERE outcome = 'ok' AND action IN ('challenge.created', 'challenge.approved', 'challenge.verified', 'login.begun', 'login.finished', 'token.code.redeemed')
		GROUP BY action, subject HAVING count(*) > 1`,
	"a login asked a phone twice": `SELECT login_id AS subject, count(*) AS n FROM challenges GROUP BY login_id HAVING count(*) > 1`,
	"a login has two codes":       `SELECT login_id AS subject, count(*) AS n FROM codes WHERE login_id IS NOT NULL GROUP BY login_id HAVING count(*) > 1`,
	"a grant has two live refresh tokens": `SELECT grant_id AS subject, count(*) AS n FROM refresh_tokens
		WHERE rotated_at IS NULL GROUP BY grant_id HAVING count(*) > 1`,
	"a code led to two grants": `SELECT grant_id AS subject, count(*) AS n FROM codes WHERE grant_id IS NOT NULL GROUP BY grant_id HAVING count(*) > 1`,
	"a grant without its code or its entry": `SELECT g.id AS subject, 1 AS n FROM grants g
		WHERE g.id NOT IN (SELECT grant_id FROM codes WHERE grant_id IS NOT NULL)
		OR g.id NOT IN (SELECT subject FROM audit WHERE action = 'token.code.redeemed')`,
	"two sessions of one challenge": `SELECT challenge_id AS subject, count(*) AS n FROM sessions
		WHERE challenge_id IS NOT NULL AND challenge_id <> '' GROUP BY challenge_id HAVING count(*) > 1`,
	"a verified challenge without its approval": `SELECT v.subject AS subject, 1 AS n FROM audit v WHERE v.action = 'challenge.verified'
		AND v.subject NOT IN (SELECT subject FROM audit WHERE action = 'challenge.approved')`,
}

// told is a summary for the log.
func (l *ledger) told() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text strings.Builder
	fmt.Fprintf(&text, "%d logins, %d approvals, %d codes redeemed; retries:", len(l.logins), len(l.approvals), len(l.codes))
	for what, n := range l.retries {
		fmt.Fprintf(&text, "\n  %s %d (first: %.160s)", what, n, l.first[what])
	}
	return text.String()
}
