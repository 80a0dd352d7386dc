package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

// ErrNoKey is returned for an algorithm or a kid that the ring has no key for.
var ErrNoKey = errors.New("no such signing key")

// Ring is the signing keys of one issuer: in the table signing_keys, sealed, and from there in memory. It
// is safe for concurrent use, and its fields must not change after first use.
//
// What it hands out is as fresh as internal/db makes its caches: a change made by another process is seen
// within a quarter of a second.
type Ring struct {
	DB  *db.DB
	Box *seal.Box
	// Issuer is the value of the issuer column, "" meaning nod's own issuer.
	Issuer string
	// Algorithms to have a key for; nil means RS256, ES256 and EdDSA, and PS256 once it is asked for. RS256 is the one that every client
	// must understand (OpenID Connect Core 1.0, section 15.1).
	Algorithms []Algorithm
	// Bits is the size of new RSA keys, 0 meaning [DefaultBits].
	Bits int
	// Ahead is how long a key is published before it signs; 0 means [PublishAhead].
	Ahead time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	once   sync.Once
	making sync.Mutex // held while a key is made that was asked for
	cached *db.Cached[*snapshot]
	known  map[string]known // by kid; used only while the cache loads, one load at a time
}

// Start opens the stored keys and makes the ones that are missing, which in a new installation is all of
// them. Several nodes may start at once on one database: for each algorithm the first to commit wins, and
// the others use its key. A wrong sealing key is noticed (seal.ErrWrongKey) before anything is written.
func (r *Ring) Start(ctx context.Context) error {
	s, err := r.current(ctx)
	if err != nil {
		return fmt.Errorf("open signing keys: %w", err)
	}
	var missing []Algorithm
	for _, algorithm := range r.algorithms() {
		if s.signers[algorithm] == nil {
			missing = append(missing, algorithm)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := r.begin(ctx, missing); err != nil {
		return err
	}
	for _, algorithm := range r.algorithms() {
		if _, err := r.Signer(ctx, algorithm); err != nil {
			return err
		}
	}
	return nil
}

// begin makes active keys of algorithms that have none. Of several nodes the first to commit wins.
func (r *Ring) begin(ctx context.Context, missing []Algorithm) error {
	lines := make([]row, len(missing))
	for i, algorithm := range missing {
		// Outside the transaction: an RSA key takes a while to find.
		var err error
		if lines[i], err = r.fresh(algorithm, active); err != nil {
			return err
		}
	}
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		for _, line := range lines {
			if err := r.insertTx(tx, line); err != nil {
				return err
			}
		}
		// Also where another node was quicker, so that this one looks again.
		return tx.Bump(version)
	})
	if err != nil {
		return fmt.Errorf("store signing keys: %w", err)
	}
	return nil
}

// Signer returns the active key of an algorithm, or [ErrNoKey]. PS256, which few ask for, gets its key when
// the first does.
func (r *Ring) Signer(ctx context.Context, algorithm Algorithm) (*Key, error) {
	k, err := r.signer(ctx, algorithm)
	if !errors.Is(err, ErrNoKey) || algorithm != PS256 || r.Algorithms != nil {
		return k, err
	}
	r.making.Lock()
	defer r.making.Unlock()
	if k, err = r.signer(ctx, algorithm); !errors.Is(err, ErrNoKey) {
		return k, err
	}
	if err := r.begin(context.WithoutCancel(ctx), []Algorithm{algorithm}); err != nil {
		return nil, err
	}
	return r.signer(ctx, algorithm)
}

func (r *Ring) signer(ctx context.Context, algorithm Algorithm) (*Key, error) {
	s, err := r.current(ctx)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	k := s.signers[algorithm]
	if k == nil {
		return nil, fmt.Errorf("%s: %w", algorithm, ErrNoKey)
	}
	return k, nil
}

// Public returns the public key with this kid in whatever state, or [ErrNoKey]. It is what nod checks its
// own tokens with, such as an id_token_hint.
func (r *Ring) Public(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	s, err := r.current(ctx)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("read signing keys: %w", err)
	}
	jwk, found := s.public[kid]
	if !found {
		return jose.JSONWebKey{}, fmt.Errorf("%.60q: %w", kid, ErrNoKey)
	}
	return jwk, nil
}

// JWKS returns the set of all public keys (RFC 7517, section 5) as it goes out, and its entity tag in
// quotes. Both are made once for each change. The bytes must not be written to.
func (r *Ring) JWKS(ctx context.Context) (body []byte, etag string, err error) {
	s, err := r.current(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read signing keys: %w", err)
	}
	return s.jwks, s.etag, nil
}

// current returns what is in memory, reading the database only after a change.
func (r *Ring) current(ctx context.Context) (*snapshot, error) {
	r.once.Do(func() {
		r.cached = db.NewCached(r.DB, version, r.load)
		r.known = map[string]known{}
	})
	return r.cached.Get(ctx)
}

// fresh makes a new key and seals it.
func (r *Ring) fresh(algorithm Algorithm, state string) (row, error) {
	bits := r.Bits
	if !algorithm.usesRSA() {
		bits = 0
	}
	k, err := Generate(algorithm, bits)
	if err != nil {
		return row{}, err
	}
	return r.sealed(k, state)
}

func (r *Ring) algorithms() []Algorithm {
	if len(r.Algorithms) == 0 {
		return []Algorithm{RS256, ES256, EdDSA}
	}
	// In one order on every node: two that insert in opposite orders would wait for each other.
	return slices.Sorted(slices.Values(r.Algorithms))
}

func (r *Ring) issuer() string {
	if r.Issuer == "" {
		return instance.MainIssuer
	}
	return r.Issuer
}

func (r *Ring) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
