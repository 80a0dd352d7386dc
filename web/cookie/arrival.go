package cookie

import (
	"net/http"
	"time"
)

// arrival holds a login that another site sent, until its first page. The browser brought
// no cookies then, so nobody knows yet whether it has one that binds its other logins.
const arrival = "nod-arrival"

// Arrive keeps the ticket of a login that another site sent.
func (j Jar) Arrive(w http.ResponseWriter, ticket string) {
	j.Cookies.Set(w, arrival, ticket, 5*time.Minute)
}

// Arrived returns the ticket, "" if there is none, and forgets it.
func (j Jar) Arrived(w http.ResponseWriter, r *http.Request) string {
	ticket, _ := j.Cookies.Read(r, arrival)
	if ticket != "" {
		j.Cookies.Clear(w, arrival)
	}
	return ticket
}
