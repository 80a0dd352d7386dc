package history

// CodeState is what became of an authorization code.
type CodeState string

const (
	unused  CodeState = "unused"
	used    CodeState = "used"
	revoked CodeState = "revoked" // it was presented again
)

// CodeOp is an operation on an authorization code.
type CodeOp string

// Redeem presents the code. Honour asks whether what it gave is honoured.
const (
	Redeem CodeOp = "redeem"
	Honour CodeOp = "honour"
)

// Codes work once. A second redemption is refused and takes back what the first one gave,
// for good (RFC 6749, section 4.1.2).
func Codes() Model[CodeState, CodeOp] {
	return Model[CodeState, CodeOp]{Name: "code", Begin: unused, Unseen: codeUnseen, Step: func(s CodeState, op CodeOp, saw Saw) []CodeState {
		switch {
		case op == Honour && (saw == Given) == (s == used):
			return []CodeState{s}
		case op == Redeem && (saw == Given) == (s == unused):
			return codeUnseen(s, op)
		}
		return nil
	}}
}

func codeUnseen(s CodeState, op CodeOp) []CodeState {
	switch {
	case op != Redeem:
		return nil
	case s == unused:
		return []CodeState{used}
	}
	return []CodeState{revoked}
}
