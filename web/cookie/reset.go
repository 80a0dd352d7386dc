package cookie

import (
	"net/http"

	"github.com/nod-idp/nod/idp/reset"
)

// ticket is held by a browser that showed the code for a new password.
const ticket = "nod-reset"

// KeepTicket keeps what the code of a reset was exchanged for.
func (j Jar) KeepTicket(w http.ResponseWriter, value string) {
	j.Cookies.Set(w, ticket, value, reset.Life)
}

// Ticket returns it, "" if there is none.
func (j Jar) Ticket(r *http.Request) string {
	value, _ := j.Cookies.Read(r, ticket)
	return value
}

// DropTicket forgets it.
func (j Jar) DropTicket(w http.ResponseWriter) { j.Cookies.Clear(w, ticket) }
