// Package fake is a Microsoft Entra in small, on this machine: it publishes keys, signs
// hints, makes requests in the shapes of the real one, and judges answers as the real one
// does. Tests talk to it, and so does "nod entra doctor".
//
// It knows the contract from Entra's side and imports nothing of nod's own reading of it,
// so that a misunderstanding shows.
package fake

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Entra is a running one. Its authority is URL; it knows every tenant that it is asked to
// speak for.
type Entra struct {
	URL string
	Now func() time.Time // nil means time.Now

	server *http.Server
	mu     sync.Mutex
	keys   []key // the last one signs
	reads  int   // of the keys
}

type key struct {
	id      string
	private *rsa.PrivateKey
}

// firstKey is the one that all of them begin with: RSA keys are slow to find.
var firstKey = sync.OnceValues(newKey)

func newKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return key{}, fmt.Errorf("make a key for a fake Entra: %w", err)
	}
	return key{id: "fake-" + rand.Text()[:12], private: private}, nil
}

// Start begins to listen on a free port of 127.0.0.1. Close it when done.
func Start() (*Entra, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a fake Entra: %w", err)
	}
	first, err := firstKey()
	if err != nil {
		return nil, err
	}
	e := &Entra{URL: "http://" + l.Addr().String(), keys: []key{first}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /common/v2.0/.well-known/openid-configuration", e.metadata)
	mux.HandleFunc("GET /common/discovery/v2.0/keys", e.publish)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = e.server.Serve(l) }() // it returns when Close is called
	return e, nil
}

// Close stops listening.
func (e *Entra) Close() error { return e.server.Close() }

// Rotate makes a new key, which signs from now on. Older ones are not published any more.
func (e *Entra) Rotate() error {
	fresh, err := newKey()
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = append(e.keys, fresh)
	return nil
}

// Reads is how often the keys were fetched.
func (e *Entra) Reads() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reads
}

func (e *Entra) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

func (e *Entra) metadata(w http.ResponseWriter, _ *http.Request) {
	write(w, map[string]any{
		"issuer": e.URL + "/{tenantid}/v2.0", "jwks_uri": e.URL + "/common/discovery/v2.0/keys",
		"authorization_endpoint": e.URL + "/common/oauth2/v2.0/authorize", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

// publish tells the newest key, in the shape that Entra has: with the issuer beside it, and
// among keys that are of no use here.
func (e *Entra) publish(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	e.reads++
	newest := e.keys[len(e.keys)-1]
	e.mu.Unlock()
	text, err := json.Marshal(jose.JSONWebKey{Key: &newest.private.PublicKey, KeyID: newest.id, Use: "sig"})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	members := map[string]any{}
	if err := json.Unmarshal(text, &members); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	members["issuer"] = e.URL + "/{tenantid}/v2.0"
	write(w, map[string]any{"keys": []any{map[string]any{"kty": "EC", "kid": "elsewhere", "crv": "P-999"}, members}})
}

func write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(value) // whoever hung up needs no answer
}
