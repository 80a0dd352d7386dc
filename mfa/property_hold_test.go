package mfa_test

import (
	"slices"

	"github.com/nod-idp/nod/mfa"
)

// leadsTo are the states that a challenge can go on to.
var leadsTo = map[mfa.State][]mfa.State{
	mfa.Pending:  {mfa.Approved, mfa.Denied, mfa.Reported, mfa.Expired, mfa.Superseded, mfa.Withdrawn, mfa.Failed},
	mfa.Approved: {mfa.Verified, mfa.Expired, mfa.Withdrawn, mfa.Failed, mfa.Superseded},
	mfa.Denied:   {mfa.Reported}, // the person looked again
}

// hold looks at what is stored, after each step.
func (m *model) hold() {
	var rows []struct {
		ID    string
		State mfa.State
	}
	must(m.t, m.w.DB.Select(m.t.Context(), &rows, "SELECT id, state FROM challenges"))
	stored := map[string]mfa.State{}
	for _, r := range rows {
		stored[r.ID] = r.State
	}
	for _, a := range m.asked {
		now, there := stored[a.id]
		if !there {
			continue // long over, and swept
		}
		if before := a.ended; before != "" && now != before && !slices.Contains(leadsTo[before], now) {
			m.t.Errorf("%s was %s and is %s", a.id, before, now)
		}
		if now != mfa.Pending && now != mfa.Approved {
			a.ended = now
		}
		if now == mfa.Verified && a.verified != 1 || now == mfa.Approved && !a.approved {
			m.t.Errorf("%s is %s, approved %v, verified %d times", a.id, now, a.approved, a.verified)
		}
	}
	for what, query := range map[string]string{
		"two requests at once": `SELECT count(*) FROM challenges WHERE state = 'pending' AND EXISTS (SELECT 1 FROM challenges o
			WHERE o.user_id = challenges.user_id AND o.state = 'pending' AND o.id <> challenges.id)`,
		"a passcode that is kept for nothing": "SELECT count(*) FROM challenges WHERE passcode IS NOT NULL AND state <> 'approved'",
		"an approval without a device":        "SELECT count(*) FROM challenges WHERE state IN ('approved', 'verified') AND device_id IS NULL",
		"more tries than three":               "SELECT count(*) FROM challenges WHERE tries > 3",
	} {
		if n := m.w.count(query); n != 0 {
			m.t.Errorf("%s: got %d", what, n)
		}
	}
}

// settle looks back. "No state change without its audit entry in the same transaction":
// there is one for each, and no more.
func (m *model) settle() {
	approved, verified := 0, 0
	for _, a := range m.asked {
		verified += a.verified
		if a.approved {
			approved++
		}
	}
	for action, want := range map[string]int{
		"challenge.created": len(m.asked), "challenge.approved": approved, "challenge.verified": verified, "passcode.typed": len(m.typed),
	} {
		if n := m.w.count("SELECT count(*) FROM audit WHERE action = $1 AND outcome = 'ok'", action); n != want {
			m.t.Errorf("%s: got %d entries, want %d", action, n, want)
		}
	}
	for _, a := range m.asked {
		if a.ended == "" {
			continue
		}
		if n := m.w.count("SELECT count(*) FROM audit WHERE subject = $1 AND action = $2", a.id, "challenge."+string(a.ended)); n != 1 {
			t := m.t
			t.Errorf("%s is %s: got %d entries of it, want 1", a.id, a.ended, n)
		}
	}
	if len(m.asked) < 20 || verified < 3 || len(m.typed) < 3 {
		m.t.Errorf("the run was dull: %d requests, %d verified, %d typed", len(m.asked), verified, len(m.typed))
	}
}
