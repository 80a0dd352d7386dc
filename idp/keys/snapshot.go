package keys

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// snapshot is the ring as it stood at one moment. It is never changed, only replaced.
type snapshot struct {
	signers map[Algorithm]*Key
	public  map[string]jose.JSONWebKey
	jwks    []byte
	etag    string
}

// known is a key that was opened before. Its row never changes but for the state, so the work of unsealing
// and parsing is done once for each key and not at each change, which on SQLite is every write of another
// process.
type known struct {
	key    *Key
	public jose.JSONWebKey
}

// load reads all keys of the issuer. It is called by the cache alone, never twice at the same time.
func (r *Ring) load(ctx context.Context) (*snapshot, error) {
	lines, err := r.rows(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{signers: map[Algorithm]*Key{}, public: map[string]jose.JSONWebKey{}}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	kept := make(map[string]known, len(lines))
	for _, line := range lines {
		k, seen := r.known[line.KID]
		if !seen {
			if k.key, k.public, err = r.opened(line); err != nil {
				return nil, fmt.Errorf("open key %.60q: %w", line.KID, err)
			}
		}
		kept[line.KID] = k
		if line.State == active {
			s.signers[k.key.Algorithm()] = k.key
		}
		s.public[line.KID] = k.public
		set.Keys = append(set.Keys, k.public)
	}
	r.known = kept
	if s.jwks, err = json.Marshal(set); err != nil {
		return nil, fmt.Errorf("encode key set: %w", err)
	}
	sum := sha256.Sum256(s.jwks)
	s.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return s, nil
}
