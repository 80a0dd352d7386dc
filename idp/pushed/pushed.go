// Package pushed keeps authorization requests that clients sent beforehand, over a
// connection of their own (RFC 9126). It owns the table pushed_requests and the references
// that stand for them. What a request may hold is judged by web/oidc, before it is pushed
// and again when it is used.
//
// Words: a reference is the request_uri that the browser carries. It is used when a
// browser brought it, once; it has led to a login if one was stored then.
package pushed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Requests keeps pushed requests. DB and Epoch must be set.
type Requests struct {
	DB    *db.DB
	Epoch int64
	Now   func() time.Time // nil means time.Now
}

// Life is how long a request may be on its way to a browser (RFC 9126, section 2.2).
const Life = 60 * time.Second

// kept is how long a used one is remembered, so that a page that is loaded again finds its
// login: as long as a login lasts.
const kept = 15 * time.Minute

// Scheme opens every reference (RFC 9126, section 2.2).
const Scheme = "urn:ietf:params:oauth:request_uri:"

const prefix = "nop"

// ErrNone is returned when a reference stands for nothing: unknown, expired, or another
// client's. Callers cannot tell which.
var ErrNone = errors.New("no such pushed request")

// UsedError is returned when a reference was used before.
type UsedError struct {
	LoginID string // what it led to, "" if it was answered at once
}

// Error says so.
func (e *UsedError) Error() string { return "the pushed request was used before" }

// Push keeps a client's parameters and returns the reference to them.
func (q *Requests) Push(ctx context.Context, clientID string, parameters url.Values) (reference string, err error) {
	token, now := random.Token(prefix), q.now()
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		if err := q.insert(tx, token, clientID, parameters, now); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "request.pushed", Client: clientID})
	})
	if err != nil {
		return "", fmt.Errorf("push a request: %w", err)
	}
	return Scheme + token, nil
}

// Use returns the parameters that a reference of this client's stands for. That it was not
// used, has not expired and is this client's are conditions of the one UPDATE that uses it
// up. It returns ErrNone or a *UsedError otherwise.
func (q *Requests) Use(ctx context.Context, clientID, reference string) (parameters url.Values, err error) {
	token, ok := tokenOf(reference)
	if !ok {
		return nil, ErrNone
	}
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		if parameters, err = q.use(tx, token, clientID, q.now()); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: q.now(), Action: "request.used", Client: clientID})
	})
	if !errors.Is(err, db.ErrNotFound) {
		if err != nil {
			return nil, fmt.Errorf("use a pushed request: %w", err)
		}
		return parameters, nil
	}
	login, err := q.ledTo(ctx, token, clientID)
	if errors.Is(err, db.ErrNotFound) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("use a pushed request: %w", err)
	}
	return nil, &UsedError{LoginID: login}
}

// Led notes which login a reference led to, for a browser that loads the address again
// (RFC 9126, section 7.3).
func (q *Requests) Led(ctx context.Context, reference, loginID string) error {
	token, _ := tokenOf(reference)
	err := q.DB.Write(ctx, func(tx *db.Tx) error { return q.setLogin(tx, token, loginID) })
	if err != nil {
		return fmt.Errorf("note what a pushed request led to: %w", err)
	}
	return nil
}

// Sweep deletes what is over, at most limit rows, and returns how many.
func (q *Requests) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = q.delete(tx, q.now().Add(-kept), limit)
		return err
	})
	return n, err
}

// Refers reports whether a request_uri is a reference to something pushed, rather than an
// address.
func Refers(requestURI string) bool { return strings.HasPrefix(requestURI, Scheme) }

func tokenOf(reference string) (token string, ok bool) {
	token, ok = strings.CutPrefix(reference, Scheme)
	return token, ok && random.WellFormed(prefix, token)
}

func (q *Requests) now() time.Time {
	if q.Now == nil {
		return time.Now()
	}
	return q.Now()
}
