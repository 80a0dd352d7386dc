package history

// Challenge is where a question to devices stands.
type Challenge struct {
	State  Saw // pending, approved, verified, denied, reported, withdrawn or failed
	Device int // that answered
	Tries  int // wrong numbers and passcodes
}

// States of a challenge, as looking at it shows them.
const (
	Pending   Saw = "pending"
	Approved  Saw = "approved"
	Verified  Saw = "verified"
	Denied    Saw = "denied"
	Reported  Saw = "reported"
	Withdrawn Saw = "withdrawn"
	Failed    Saw = "failed"
)

// Wrong is the answer to a wrong number or passcode, Early to a passcode before the approval.
const (
	Wrong Saw = "wrong"
	Early Saw = "early"
)

// ChallengeDo names an operation on a challenge.
type ChallengeDo string

// Approve, Deny and Report are answers of a device. Verify submits the passcode, Withdraw
// ends the challenge from its login, and Look says where it stands.
const (
	Approve  ChallengeDo = "approve"
	Deny     ChallengeDo = "deny"
	Report   ChallengeDo = "report"
	Verify   ChallengeDo = "verify"
	Withdraw ChallengeDo = "withdraw"
	Look     ChallengeDo = "look"
)

// ChallengeOp is an operation on a challenge.
type ChallengeOp struct {
	Do     ChallengeDo
	Device int  // that answers, or whose passcode is submitted
	Wrong  bool // the number or the passcode is
}

// mostTries is the wrong number or passcode that a challenge does not survive.
const mostTries = 3

// Challenges are answered by one device, once, and verified once. The same answer of the
// same device is answered as it was before; whoever denied may still report.
func Challenges() Model[Challenge, ChallengeOp] {
	return Model[Challenge, ChallengeOp]{
		Name: "challenge", Begin: Challenge{State: Pending},
		Step: func(c Challenge, op ChallengeOp, saw Saw) []Challenge {
			if next, want := c.after(op); saw == want {
				return []Challenge{next}
			}
			return nil
		},
		Unseen: func(c Challenge, op ChallengeOp) []Challenge {
			next, _ := c.after(op)
			return []Challenge{next}
		},
	}
}

// after is what an operation leads to and what its client is told.
func (c Challenge) after(op ChallengeOp) (Challenge, Saw) {
	switch op.Do {
	case Look:
		return c, c.State
	case Withdraw:
		if c.State == Pending || c.State == Approved {
			c.State = Withdrawn
		}
		return c, Given
	case Verify:
		return c.verified(op)
	}
	return c.answered(op)
}

func (c Challenge) verified(op ChallengeOp) (Challenge, Saw) {
	switch {
	case c.State == Pending:
		return c, Early
	case c.State != Approved:
		return c, Refused
	case op.Wrong, op.Device != c.Device:
		return c.missed(), Wrong
	}
	c.State = Verified
	return c, Given
}

func (c Challenge) missed() Challenge {
	if c.Tries++; c.Tries == mostTries {
		c.State = Failed
	}
	return c
}

func (c Challenge) answered(op ChallengeOp) (Challenge, Saw) {
	to := map[ChallengeDo]Saw{Approve: Approved, Deny: Denied, Report: Reported}[op.Do]
	own := c.Device == op.Device
	switch {
	case c.State == Pending && op.Wrong && op.Do == Approve:
		return c.missed(), Wrong
	case c.State == Pending, c.State == Denied && own && to == Reported:
		c.State, c.Device = to, op.Device
		return c, Given
	case own && (c.State == to || c.State == Verified && to == Approved):
		return c, Given
	}
	return c, Refused
}
