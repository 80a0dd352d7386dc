package login

import (
	"net/http"
	"time"
)

// TypeRecovery asks for a recovery code. Input recovery-code, button recovery-submit, state method.
type TypeRecovery struct {
	Question
	Action   string
	Wrong    bool          // the last one did not match, or was used before
	Wait     time.Duration // no further try before this has passed
	Closed   bool          // too many wrong tries; this way is closed
	OtherURL string        // where the button to the choice is sent; "" draws none
}

func (p TypeRecovery) view() (string, int) { return "recovery", http.StatusOK }
