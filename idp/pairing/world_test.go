package pairing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/throttle"
)

// world has Alice, who is signed in, a television, and a clock that is set.
type world struct {
	*pairing.Pairings
	t       testing.TB
	users   *user.Users
	tv      client.Client
	other   client.Client
	alice   user.User
	session session.Session

	mu    sync.Mutex
	clock time.Time
}

const home = "192.0.2.7"

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0).UTC()}
	ctx := t.Context()
	in, err := instance.Open(ctx, d, seal.NewKey(), w.clock)
	must(t, err)
	ring := &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256}, Now: w.now}
	must(t, ring.Start(ctx))
	sessions := &session.Sessions{DB: d, Epoch: in.Epoch, Now: w.now}
	t.Cleanup(sessions.Wait)
	tokens := &token.Tokens{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: "https://id.example", Keys: ring, Sessions: sessions, Now: w.now}
	w.Pairings = &pairing.Pairings{DB: d, Box: in.Box, Epoch: in.Epoch, Tokens: tokens, Guesses: &throttle.Guesses{DB: d, Now: w.now}, Now: w.now}
	clients := &client.Clients{DB: d, Now: w.now}
	for id, c := range map[string]*client.Client{"tv": &w.tv, "other": &w.other} {
		*c, _, err = clients.Add(ctx, client.New{ID: id, AuthMethod: client.AuthNone, IDTokenAlg: client.ES256,
			Grants: []client.Grant{client.DeviceCode, client.RefreshToken}, Resources: []string{"https://films.example/"}})
		must(t, err)
	}
	w.users = &user.Users{DB: d, Now: w.now}
	w.alice, err = w.users.Add(ctx, user.New{Name: "alice"})
	must(t, err)
	must(t, d.Write(ctx, func(tx *db.Tx) error {
		w.session, _, err = sessions.StartTx(tx, session.New{UserID: w.alice.ID, Evidence: evidence.Evidence{
			PasswordAt: w.clock, FactorAt: w.clock, Factor: []string{"otp", "swk", "user"},
		}})
		return err
	}))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// begin is a pairing of the television, and its id.
func (w *world) begin(scopes ...string) (pairing.Begun, string) {
	w.t.Helper()
	begun, err := w.Begin(w.t.Context(), w.tv, scopes, "198.51.100.3")
	must(w.t, err)
	id, err := w.Enter(w.t.Context(), begun.UserCode, home)
	must(w.t, err)
	return begun, id
}

func (w *world) poll(begun pairing.Begun) (token.Issued, error) {
	return w.Redeem(w.t.Context(), w.tv, begun.DeviceCode, token.Asked{})
}
