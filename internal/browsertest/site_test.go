package browsertest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
)

// site is a tiny application with a page and a worker, and hears what the worker says.
type site struct {
	url string

	mu    sync.Mutex
	heard []report
}

// report is what the worker tells about an event.
type report struct {
	Event     string
	Text      string
	Pages     int
	Signature []byte
	Action    string
	Trusted   bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	mux := http.NewServeMux()
	files := http.FileServer(http.Dir("testdata/site"))
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		// As strict as the product's pages, so that the kit is known to work under it.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self'; require-trusted-types-for 'script'; trusted-types kit")
		w.Header().Set("Cache-Control", "no-store")
		files.ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /heard", func(w http.ResponseWriter, r *http.Request) {
		var what report
		if err := json.NewDecoder(r.Body).Decode(&what); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.heard = append(s.heard, what)
		s.mu.Unlock()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	// WebAuthn wants a name; localhost is one, and counts as secure.
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// hear waits for the next report of an event.
func (s *site) hear(t *testing.T, event string, tell func() string) report {
	t.Helper()
	return browsertest.Until(t, "the worker to tell of a "+event, func() (report, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, r := range s.heard {
			if r.Event == event {
				s.heard = append(s.heard[:i], s.heard[i+1:]...)
				return r, true
			}
		}
		return report{}, false
	}, tell)
}

// signed reports whether the text was signed by the key with this public half.
func signed(t *testing.T, publicKey, text string, signature []byte) bool {
	t.Helper()
	point, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(text))
	return len(signature) == 64 && ecdsa.Verify(key, digest[:],
		new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}
