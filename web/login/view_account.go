package login

import "net/http"

// ChooseAccount asks whether to go on as who is signed in (prompt=select_account). Buttons
// account-continue and account-other, each in a form of its own, state account.
type ChooseAccount struct {
	Question
	Account  string
	GoOnURL  string
	OtherURL string
}

func (ChooseAccount) view() (string, int) { return "account", http.StatusOK }
