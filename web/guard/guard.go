// Package guard protects everything that speaks HTTP. It owns the two muxes (Browser for pages, API for
// machines), the Edge in front of both (request ids, the address of the client, the request log), and the small
// tools that surfaces share: cookies, form parsing and event streams.
//
// It leaves to others what is asked and what is answered: it knows no login, no client and no template. Pages
// that tell a person about a failure are drawn by a function handed in.
//
// Its words: a handler returns an error; a Problem is an error with a public half, which is shown, and a private
// half, which is logged under the request id and nowhere else.
package guard

import "net/http"

// Handler answers a request or returns an error. The mux it is registered on turns the error into a page or into
// JSON; a handler that returns an error has not written anything yet.
type Handler func(w http.ResponseWriter, r *http.Request) error
