package token_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

const (
	issuer   = "https://id.example"
	redirect = "https://app.example/cb"
	verifier = "abcdefghijklmnopqrstuvwxyz-0123456789._~ABCDEF"
	// challenge is the S256 challenge of verifier, computed with: printf %s VERIFIER | openssl dgst -sha256 -binary | basenc --base64url
	challenge = "u10OcMnnlTV7BpPynqPemhaxlEQd73nb3C3RGJl5990"
)

// world is a database with Alice, who is signed in, the clients app (confidential),
// spa (public) and other, and a clock that is set.
type world struct {
	*token.Tokens
	t       testing.TB
	clients *client.Clients
	users   *user.Users
	app     client.Client
	spa     client.Client
	other   client.Client
	alice   user.User
	session session.Session
	proof   evidence.Evidence

	mu  sync.Mutex
	now time.Time
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, now: time.Unix(1_800_000_000, 0).UTC()}
	ctx := t.Context()
	in, err := instance.Open(ctx, d, seal.NewKey(), w.now)
	must(t, err)
	ring := &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256, keys.EdDSA}}
	must(t, ring.Start(ctx))
	sessions := &session.Sessions{DB: d, Epoch: in.Epoch, Now: w.clock}
	t.Cleanup(sessions.Wait)
	w.Tokens = &token.Tokens{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: issuer, Keys: ring, Sessions: sessions, Now: w.clock}
	w.clients = &client.Clients{DB: d, Now: w.clock}
	w.users = &user.Users{DB: d, Now: w.clock}
	w.app, _, err = w.clients.Add(ctx, client.New{ID: "app", RedirectURIs: []string{redirect}, IDTokenAlg: client.ES256})
	must(t, err)
	w.spa, _, err = w.clients.Add(ctx, client.New{ID: "spa", RedirectURIs: []string{redirect}, AuthMethod: client.AuthNone, IDTokenAlg: client.EdDSA})
	must(t, err)
	w.other, _, err = w.clients.Add(ctx, client.New{ID: "other", RedirectURIs: []string{redirect}, IDTokenAlg: client.ES256})
	must(t, err)
	w.alice, err = w.users.Add(ctx, user.New{Name: "alice"})
	must(t, err)
	w.proof = evidence.Evidence{PasswordAt: w.now.Add(-time.Minute), FactorAt: w.now.Add(-30 * time.Second), Factor: []string{"otp"}}
	w.write(func(tx *db.Tx) error {
		w.session, _, err = sessions.StartTx(tx, session.New{UserID: w.alice.ID, Evidence: w.proof})
		return err
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) write(fn func(tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.DB.Write(w.t.Context(), fn))
}

func (w *world) request(scopes ...string) token.CodeRequest {
	if scopes == nil {
		scopes = []string{"openid", "offline_access"}
	}
	return token.CodeRequest{
		ClientID: "app", UserID: w.alice.ID, SID: w.session.SID, RedirectURI: redirect, Nonce: "n-1", CodeChallenge: challenge,
		Scopes: scopes, Evidence: w.proof,
	}
}

func (w *world) issue(r token.CodeRequest) (code string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) (err error) {
		code, err = w.IssueCodeTx(tx, r)
		return err
	})
	return code
}

// signedIn issues and redeems a code of the client app.
func (w *world) signedIn(scopes ...string) token.Issued {
	w.t.Helper()
	issued, err := w.Redeem(w.t.Context(), w.app, w.issue(w.request(scopes...)), redirect, verifier, token.Asked{})
	must(w.t, err)
	return issued
}

func (w *world) works(access string) bool {
	w.t.Helper()
	_, err := w.Access(w.t.Context(), access)
	if err != nil && !errors.Is(err, token.ErrNone) {
		w.t.Fatal(err)
	}
	return err == nil
}

// refused demands that the error is the one every wrong attempt gets.
func (w *world) refused(err error) {
	w.t.Helper()
	if !errors.Is(err, token.ErrInvalidGrant) {
		w.t.Errorf("got %v, want invalid grant", err)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, query, args...))
	return n
}

func (w *world) audited(action string) int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM audit WHERE action = $1", action)
}
