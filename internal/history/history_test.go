package history

import (
	"strings"
	"testing"
)

// past builds a history by hand: one operation after the other, unless it is said that it
// began earlier.
type past[State comparable, Op any] struct {
	h  *Of[State, Op]
	at int64
}

func (p *past[State, Op]) then(op Op, saw Saw) *past[State, Op] { return p.since(p.at, op, saw) }

// since adds an operation that began at a moment and ends now.
func (p *past[State, Op]) since(began int64, op Op, saw Saw) *past[State, Op] {
	p.at += 10
	end := p.at
	if saw == Lost {
		end = 1 << 60
	}
	p.h.things["x"] = append(p.h.things["x"], seen[Op]{client: len(p.h.things["x"]), op: op, saw: saw, from: began + 1, end: end})
	return p
}

// wants demands that the history can have happened, or that it cannot.
func (p *past[State, Op]) wants(t *testing.T, name string, possible bool) {
	t.Helper()
	if err := p.h.Check(); (err == nil) != possible {
		t.Errorf("%s: got %v, want it possible: %v", name, err, possible)
	} else if err != nil && !strings.Contains(err.Error(), "client 0") {
		t.Errorf("%s: the failure does not tell the history: %v", name, err)
	}
}

func of[State comparable, Op any](m Model[State, Op]) *past[State, Op] {
	return &past[State, Op]{h: New(m)}
}

func TestWhatCannotHappenToACodeIsSeen(t *testing.T) {
	code := func() *past[CodeState, CodeOp] { return of(Codes()) }
	code().then(Redeem, Given).then(Honour, Given).then(Redeem, Refused).then(Honour, Refused).wants(t, "a second use revokes", true)
	code().then(Redeem, Given).then(Redeem, Given).wants(t, "a code works twice", false)
	code().then(Redeem, Given).since(0, Redeem, Given).wants(t, "a code works twice at once", false)
	code().then(Redeem, Refused).wants(t, "a code never works", false)
	code().then(Redeem, Given).then(Redeem, Refused).then(Honour, Given).wants(t, "a second use revokes nothing", false)
	code().then(Redeem, Given).then(Honour, Refused).then(Honour, Given).wants(t, "what was revoked comes back", false)
	code().then(Redeem, Lost).then(Redeem, Given).then(Honour, Given).wants(t, "the lost one never happened", true)
	code().then(Redeem, Lost).then(Redeem, Refused).wants(t, "the lost one happened", true)
	code().then(Redeem, Lost).then(Redeem, Given).then(Honour, Given).then(Honour, Refused).wants(t, "the lost one happened late", true)
	code().then(Redeem, Lost).then(Redeem, Given).then(Redeem, Given).wants(t, "twice beside a lost one", false)
}

func TestWhatCannotHappenToAFamilyOfRefreshTokensIsSeen(t *testing.T) {
	family := func() *past[Family, RefreshOp] { return of(Families()) }
	gave := func(n, next int) RefreshOp { return RefreshOp{Do: Refresh, Of: n, Gave: &next} }
	use := func(n int) RefreshOp { return gave(n, n+1) }
	lapse, trust, revoke := RefreshOp{Do: Lapse}, RefreshOp{Do: Trust}, RefreshOp{Do: Revoke}
	family().then(use(0), Given).then(use(0), Given).then(use(1), Given).then(trust, Given).wants(t, "a repetition", true)
	family().then(use(0), Lost).then(use(0), Given).then(use(1), Given).wants(t, "a repetition of a lost one", true)
	family().then(use(0), Given).then(lapse, Given).then(use(0), Refused).then(trust, Refused).wants(t, "a repetition that is late", true)
	family().then(use(0), Given).then(lapse, Given).then(use(0), Given).wants(t, "a repetition that is late and works", false)
	family().then(use(0), Given).then(gave(0, -1), Given).wants(t, "two successors", false)
	family().then(use(0), Given).then(use(1), Given).then(use(0), Given).wants(t, "the grandparent works", false)
	family().then(use(0), Given).then(use(1), Given).then(use(0), Refused).then(use(2), Given).wants(t, "reuse revokes nothing", false)
	family().then(use(0), Given).then(use(1), Given).then(use(0), Refused).then(trust, Given).wants(t, "reuse leaves what was given", false)
	family().then(revoke, Given).then(use(0), Given).wants(t, "a revoked family goes on", false)
	family().then(revoke, Lost).then(use(0), Refused).then(trust, Refused).wants(t, "a lost revocation happened", true)
	family().then(revoke, Lost).then(trust, Refused).then(use(0), Given).wants(t, "what was revoked comes back", false)
}

func TestWhatCannotHappenToAChallengeIsSeen(t *testing.T) {
	challenge := func() *past[Challenge, ChallengeOp] { return of(Challenges()) }
	do := func(what ChallengeDo, device int) ChallengeOp { return ChallengeOp{Do: what, Device: device} }
	approve, deny, verify, look := do(Approve, 1), do(Deny, 2), do(Verify, 1), do(Look, 0)
	wrong := ChallengeOp{Do: Approve, Device: 1, Wrong: true}
	challenge().then(verify, Early).then(approve, Given).then(approve, Given).then(verify, Given).then(verify, Refused).wants(t, "a login", true)
	challenge().then(do(Deny, 1), Given).then(do(Report, 1), Given).then(look, Reported).wants(t, "denied and then reported", true)
	challenge().then(wrong, Wrong).then(wrong, Wrong).then(wrong, Wrong).then(look, Failed).wants(t, "three wrong numbers", true)
	challenge().then(approve, Lost).then(look, Approved).then(verify, Given).wants(t, "a lost approval counts", true)
	challenge().then(approve, Lost).then(deny, Given).then(look, Denied).wants(t, "a lost approval never came", true)
	challenge().then(approve, Given).then(verify, Given).then(verify, Given).wants(t, "verified twice", false)
	challenge().then(approve, Given).then(deny, Given).wants(t, "two answers", false)
	challenge().then(approve, Given).since(0, deny, Given).wants(t, "two answers at once", false)
	challenge().then(approve, Given).then(look, Pending).wants(t, "an approval that was acknowledged is lost", false)
	challenge().then(approve, Given).then(verify, Early).wants(t, "an approval that was acknowledged is not known", false)
	challenge().then(deny, Given).then(verify, Given).wants(t, "verified although it was denied", false)
	challenge().then(verify, Given).wants(t, "verified without an approval", false)
	challenge().then(approve, Given).then(do(Verify, 2), Given).wants(t, "verified by another device's passcode", false)
	challenge().then(do(Withdraw, 0), Given).then(approve, Given).wants(t, "approved after it was withdrawn", false)
	challenge().then(wrong, Wrong).then(wrong, Wrong).then(wrong, Wrong).then(approve, Given).wants(t, "a fourth try", false)
}
