package page

import "net/http"

// LogoutConfirm asks whether to sign out, when the application's request alone does not prove that the person
// wants to. Its button logout-confirm sends the form to Action.
type LogoutConfirm struct {
	Frame
	Token   string // one-time form token, sent as form_token
	Action  string
	StayURL string // where "Stay signed in" leads; "" draws none
	Account string // whom it would sign out; "" leaves it unsaid
}

// LogoutConfirm draws the question.
func (s *Site) LogoutConfirm(w http.ResponseWriter, view LogoutConfirm) error {
	return s.own.Render(w, http.StatusOK, "logout", view)
}

// SignedOut says that it is done.
type SignedOut struct {
	Frame
	ReturnURL string // a registered address of the application; "" draws none
	SignInURL string // to sign in here again; "" draws none
}

// SignedOut draws the page at the end of a session.
func (s *Site) SignedOut(w http.ResponseWriter, view SignedOut) error {
	return s.own.Render(w, http.StatusOK, "signed-out", view)
}
