package login

import (
	"net/http"
	"time"
)

// SignIn asks for user name and password. Button login-submit, state login.
type SignIn struct {
	Question
	PasskeyOffer
	Action     string
	Username   string        // filled in already, after a mistake or by the application's hint
	Mismatched bool          // the last try did not match
	Wait       time.Duration // no further try before this has passed; 0 is no wait
	Closed     bool          // too many wrong tries; browsers that are not known are not let in at all
	Replaced   bool          // the password was changed since it was proved here
	HelpURL    string        // "" draws no link
}

func (p SignIn) view() (string, int) { return "signin", http.StatusOK }

// helpURL leads to what somebody can do who cannot sign in, and from there back.
func helpURL(login string) string { return "/help/" + login }
