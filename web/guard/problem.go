package guard

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Side says who must act before the same request can succeed.
type Side string

// The sides a problem can lie on.
const (
	SidePerson      Side = "person"      // the person at the browser can put it right
	SideApplication Side = "application" // the application that sent the request must change
	SideServer      Side = "server"      // this server failed, or its administrator must act
)

// Problem is an error with two halves: Code, Title, Public and Next may be shown to anybody; Err is for the log.
// Its zero texts are filled in by whoever draws it, from the status.
type Problem struct {
	Status     int           // the HTTP status; 0 means 500
	Code       string        // a short stable name such as "invalid_request"
	Title      string        // the heading of the page, without a full stop
	Public     string        // what it means, in whole sentences
	Next       string        // what to do next
	Side       Side          // who can put it right; "" is derived from the status
	RetryAfter time.Duration // when it is worth asking again; sets Retry-After
	Header     http.Header   // further response headers, such as WWW-Authenticate
	Err        error         // the private half: logged, never shown
}

// Error holds both halves, since errors are read by those who read logs.
func (p Problem) Error() string {
	text := fmt.Sprintf("%d %s", p.status(), p.code())
	if p.Public != "" {
		text += ": " + p.Public
	}
	if p.Err != nil {
		text += ": " + p.Err.Error()
	}
	return text
}

// Unwrap returns the private half, so that errors.Is sees through a problem.
func (p Problem) Unwrap() error { return p.Err }

// NotFound is the problem of a thing that does not exist, or that this caller may not know to exist.
func NotFound(err error) Problem {
	return Problem{Status: http.StatusNotFound, Code: "not_found", Err: err}
}

// BadRequest is the problem of a request that cannot be understood; public says which part.
func BadRequest(public string, err error) Problem {
	return Problem{Status: http.StatusBadRequest, Code: "invalid_request", Public: public, Err: err}
}

func (p Problem) status() int {
	if p.Status == 0 {
		return http.StatusInternalServerError
	}
	return p.Status
}

func (p Problem) code() string {
	switch {
	case p.Code != "":
		return p.Code
	case p.status() >= 500:
		return "server_error"
	}
	return "invalid_request"
}

// databaseRest is when it is worth asking again after the database could not do its work.
const databaseRest = 5 * time.Second

// statusClientGone is logged when the client hung up before there was an answer. It is never sent.
const statusClientGone = 499

// problemOf finds the problem in an error, or makes one that says nothing but "our fault".
func problemOf(r *http.Request, err error) Problem {
	var byValue Problem
	var byPointer *Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &byValue):
		// A wrapped problem keeps its public half, and the log sees the whole chain.
		byValue.Err = err
		return byValue.complete()
	case errors.As(err, &byPointer) && byPointer != nil:
		p := *byPointer
		p.Err = err
		return p.complete()
	case errors.As(err, &tooLarge):
		return Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Err: err}.complete()
	case (errors.Is(err, db.ErrUnavailable) || errors.Is(err, db.ErrUnknown)) && r.Context().Err() == nil:
		return Problem{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", RetryAfter: databaseRest, Err: err}.complete()
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return Problem{Status: statusClientGone, Code: "client_gone", Err: err}.complete()
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, db.ErrUnknown):
		// Not "server_error", let alone a refusal: clients drop what is said to be invalid.
		return Problem{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", RetryAfter: 2*time.Second + rand.N(3*time.Second), Err: err}.complete()
	}
	return Problem{Err: err}.complete()
}

func (p Problem) complete() Problem {
	p.Status, p.Code = p.status(), p.code()
	if p.Side == "" {
		p.Side = SidePerson
		if p.Status >= 500 {
			p.Side = SideServer
		}
	}
	return p
}
