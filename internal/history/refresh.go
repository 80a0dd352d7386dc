package history

// Family is the refresh tokens of one grant: the first one and its successors.
type Family struct {
	Newest  int  // the number of the newest, the first one's is 0
	Late    bool // the time in which the one before the newest may be repeated is over
	Revoked bool
}

// RefreshDo names an operation on a family.
type RefreshDo string

// Refresh presents a token, Revoke takes one back, Lapse lets the time for repeating pass,
// and Trust asks whether what the family gave is honoured.
const (
	Refresh RefreshDo = "refresh"
	Revoke  RefreshDo = "revoke"
	Lapse   RefreshDo = "lapse"
	Trust   RefreshDo = "trust"
)

// RefreshOp is an operation on a family of refresh tokens.
type RefreshOp struct {
	Do RefreshDo
	Of int // the number of the token that is presented
	// Gave is the number of the token that came back, once that is known.
	Gave *int
}

// Families rotate. Whoever lost the answer presents the same token again and is given the
// same successor, as long as that was not used and for a while. Everything else that is
// presented twice takes the family back, for good (RFC 9700, section 4.14.2).
func Families() Model[Family, RefreshOp] {
	return Model[Family, RefreshOp]{Name: "family", Unseen: familyUnseen, Step: func(f Family, op RefreshOp, saw Saw) []Family {
		switch op.Do {
		case Trust:
			if (saw == Given) == f.Revoked {
				return nil
			}
			return []Family{f}
		case Refresh:
			if (saw == Given) != f.gives(op.Of) || saw == Given && *op.Gave != op.Of+1 {
				return nil
			}
		}
		return familyUnseen(f, op)
	}}
}

// gives reports whether a token would be exchanged.
func (f Family) gives(n int) bool {
	return !f.Revoked && (n == f.Newest || n == f.Newest-1 && !f.Late)
}

func familyUnseen(f Family, op RefreshOp) []Family {
	switch {
	case op.Do == Lapse:
		f.Late = true
	case op.Do == Revoke, op.Do == Refresh && !f.gives(op.Of):
		f.Revoked = true
	case op.Do == Refresh && op.Of == f.Newest:
		f.Newest, f.Late = f.Newest+1, false
	}
	return []Family{f}
}
