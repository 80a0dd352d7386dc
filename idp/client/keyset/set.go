package keyset

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
)

// How often an address is asked and how long its answer counts.
const (
	askEvery  = time.Minute // at most, whatever kids are presented and however it fails
	leastAge  = 5 * time.Minute
	usualAge  = 15 * time.Minute // where the answer says nothing
	mostAge   = 24 * time.Hour
	staleness = 24 * time.Hour // how long the last answer serves while the address fails
)

// set is what is known of one client's keys. Whoever holds it may read and change it, so
// that of many who need a fetch one makes it and the others find its result.
type set struct {
	registered string
	uri        string
	turn       chan struct{}

	keys    []jose.JSONWebKey
	fetched time.Time // when keys were received
	expires time.Time
	asked   time.Time // when the address was asked last, with success or without
}

func newSet(c client.Client) *set {
	s := &set{registered: c.JWKS, uri: c.JWKSURI, turn: make(chan struct{}, 1)}
	if c.JWKS != "" {
		s.keys, _ = client.ParseJWKS([]byte(c.JWKS)) // was read when it was registered
	}
	return s
}

func (s *set) hold(ctx context.Context) (release func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// due reports whether the keys are to be fetched before they are used.
func (s *set) due(now time.Time) bool { return !now.Before(s.expires) && s.mayAsk(now) }

func (s *set) mayAsk(now time.Time) bool { return s.asked.IsZero() || now.Sub(s.asked) >= askEvery }

// keysAt are the keys that still count.
func (s *set) keysAt(now time.Time) []jose.JSONWebKey {
	if now.Sub(s.fetched) > staleness {
		return nil
	}
	return s.keys
}
