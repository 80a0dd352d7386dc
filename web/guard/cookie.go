package guard

import (
	"net/http"
	"time"
)

// Cookies sets and reads the cookies of our pages. Secure is true whenever the public URL is https; on http, which
// is meant for loopback only, names carry no prefix, since browsers refuse both prefix and Secure there.
type Cookies struct {
	Secure bool
}

// Set stores value in the browser for maxAge, out of reach of scripts, of other hosts and of other sites' forms.
// A maxAge of zero lasts until the browser closes.
func (c Cookies) Set(w http.ResponseWriter, name, value string, maxAge time.Duration) {
	c.send(w, name, value, int(maxAge.Seconds()))
}

// Clear removes the cookie.
func (c Cookies) Clear(w http.ResponseWriter, name string) { c.send(w, name, "", -1) }

// Read returns the cookie's value. Several cookies of one name count as none: one of them was planted by another
// path or a sibling host, and there is no telling which.
func (c Cookies) Read(r *http.Request, name string) (string, bool) {
	found := r.CookiesNamed(c.Name(name))
	if len(found) != 1 || found[0].Value == "" {
		return "", false
	}
	return found[0].Value, true
}

// Name is the name the browser sees.
func (c Cookies) Name(name string) string {
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

func (c Cookies) send(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name:     c.Name(name),
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   c.Secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
}
