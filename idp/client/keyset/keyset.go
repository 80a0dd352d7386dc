// Package keyset finds the public keys that a client's signatures are verified with: those
// of its registration, or those that it publishes at its jwks_uri. It owns when that
// address is asked and how long the answer is believed. What a signed token must say is
// left to whoever reads it.
//
// Words: a candidate is a key that a token may be signed with, by its kid and algorithm.
package keyset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/jws"
)

// ErrNoKey is returned when no key of the client fits.
var ErrNoKey = errors.New("the client has no such key")

// Getter sends requests to addresses that clients chose; outbound.Client is one.
type Getter interface {
	Do(req *http.Request) (*http.Response, error)
}

// Keys finds keys of clients. It is safe for concurrent use and must not be copied.
type Keys struct {
	Outbound Getter           // nil: nothing is fetched
	Now      func() time.Time // nil means time.Now

	mu   sync.Mutex
	sets map[string]*set // by client id
}

// Candidates returns the keys that a token of the client's may be signed with: of its kid
// if it names one, and fit for the algorithm. At least one is returned, or an error:
// ErrNoKey, or why the keys could not be fetched.
func (k *Keys) Candidates(ctx context.Context, c client.Client, kid, algorithm string) ([]jose.JSONWebKey, error) {
	s := k.setOf(c)
	release, err := s.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if s.uri == "" {
		return pick(s.keys, kid, algorithm)
	}
	now := k.now()
	var failed error
	if s.due(now) {
		failed = k.fetch(ctx, s, now)
	}
	found, err := pick(s.keysAt(now), kid, algorithm)
	if err != nil && failed == nil && s.mayAsk(now) {
		// A kid that is not there: the client may have changed its keys since.
		if failed = k.fetch(ctx, s, now); failed == nil {
			found, err = pick(s.keys, kid, algorithm)
		}
	}
	if err != nil {
		return nil, errors.Join(err, failed)
	}
	return found, nil
}

// Verify returns the payload of a token that one of the client's keys signed.
func (k *Keys) Verify(ctx context.Context, c client.Client, t *jws.Token) ([]byte, error) {
	candidates, err := k.Candidates(ctx, c, t.KID, t.Algorithm)
	if err != nil {
		return nil, fmt.Errorf("find the key of client %q: %w", c.ID, err)
	}
	for _, key := range candidates {
		var payload []byte
		if payload, err = t.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, err
}

// Algorithms are those that a client may sign with: fewer under FAPI 2.0.
func Algorithms(c client.Client) []string {
	if c.FAPI == client.FAPI2 {
		return jws.StrictAlgorithms()
	}
	return jws.Algorithms()
}

func pick(keys []jose.JSONWebKey, kid, algorithm string) ([]jose.JSONWebKey, error) {
	var found []jose.JSONWebKey
	for _, key := range keys {
		named := kid == "" || key.KeyID == kid
		if named && (key.Algorithm == "" || key.Algorithm == algorithm) && jws.Fits(key.Key, algorithm) {
			found = append(found, key)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: %.60q for %s", ErrNoKey, kid, algorithm)
	}
	return found, nil
}

// setOf returns what is known of a client's keys, and forgets what belongs to an older
// registration.
func (k *Keys) setOf(c client.Client) *set {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sets == nil {
		k.sets = map[string]*set{}
	}
	s := k.sets[c.ID]
	if s == nil || s.registered != c.JWKS || s.uri != c.JWKSURI {
		s = newSet(c)
		k.sets[c.ID] = s
	}
	return s
}

func (k *Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}
