// Package cookie owns the names of nod's cookies and says what they and the
// connection tell about a browser. It is used by every surface that signs people
// in or out; what the values mean is left to idp, how cookies are sent to guard.
package cookie

import (
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// The names of the cookies, before guard's prefix.
const (
	login   = "nod-login"   // binds stored logins to this browser
	session = "nod-session" // single sign-on
	known   = "nod-browser" // a browser that completed a whole login
)

// Jar reads and sets the cookies of a browser.
type Jar struct {
	Cookies   guard.Cookies
	KnownLife time.Duration // how long a browser stays known
}

// Browser says what a request tells about its browser.
func (j Jar) Browser(r *http.Request) idp.Browser {
	read := func(name string) string {
		value, _ := j.Cookies.Read(r, name)
		return value
	}
	b := idp.Browser{
		LoginToken: read(login), SessionToken: read(session), KnownToken: read(known), UserAgent: r.UserAgent(),
	}
	if ip := guard.ClientIP(r.Context()); ip.IsValid() {
		b.IP = ip.String()
	}
	return b
}

// BindLogin keeps the secret that binds logins to this browser, until it closes.
func (j Jar) BindLogin(w http.ResponseWriter, token string) {
	if token != "" {
		j.Cookies.Set(w, login, token, 0)
	}
}

// SignIn keeps what a finished login leads to. The session's own end is decided by
// the server; its cookie goes with the browser.
func (j Jar) SignIn(w http.ResponseWriter, f idp.Finished) {
	if f.SessionToken != "" {
		j.Cookies.Set(w, session, f.SessionToken, 0)
	}
	if f.KnownToken != "" {
		j.Cookies.Set(w, known, f.KnownToken, j.KnownLife)
	}
}

// SignOut forgets the session. The browser stays known.
func (j Jar) SignOut(w http.ResponseWriter) { j.Cookies.Clear(w, session) }
