package entra_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/throttle"
)

const (
	publicURL = "https://login.example.com"
	tid       = "9122040d-6c67-4c5b-b112-36a304b66dad"
	appID     = "600b719b-3766-4dc5-95a6-3c4a8dc31885"
)

var account = fake.Account{OID: "951ddb04-b16d-45f3-bbf7-b0fa18fa7aee", Subject: "mBfcvuhSHkDWVgV72x2ruIYdSsPSvcj2R0qfc6mGEAA", Name: "alice@contoso.example"}

// begun is a login that was begun.
type begun struct {
	issuer, userID string
	request        idp.AuthRequest
	until          time.Time
}

// logins stands for idp.Service.
type logins struct {
	d     *db.DB
	mu    sync.Mutex
	begun []begun
	notes []idp.Notice
}

func (l *logins) BeginForeign(ctx context.Context, issuer, userID string, req idp.AuthRequest, until time.Time, _ idp.Browser, also func(tx *db.Tx) error) (idp.Begun, error) {
	err := l.d.Write(ctx, also)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.begun = append(l.begun, begun{issuer, userID, req, until})
	}
	return idp.Begun{Login: "log_1"}, err
}

func (l *logins) Identify(ctx context.Context, id string, _ idp.Browser, _ string, who func(tx *db.Tx, l idp.Login) (string, error)) error {
	return l.d.Write(ctx, func(tx *db.Tx) error {
		oid, several := strings.CutPrefix(id, "of ")
		if !several {
			oid = account.OID
		}
		_, err := who(tx, idp.Login{ID: id, Request: idp.AuthRequest{Foreign: &idp.Foreign{Object: oid}}})
		return err
	})
}

func (l *logins) Note(_ context.Context, _ idp.Login, n idp.Notice) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes = append(l.notes, n)
	return nil
}

// world is a tenant of a fake Entra, and alice.
type world struct {
	*entra.Tenants
	t      *testing.T
	clock  time.Time
	logins *logins
	users  *user.Users
	alice  user.User
	fake   *fake.Entra
	tenant entra.Tenant
	reg    fake.Registration
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0), logins: &logins{d: d}}
	now := func() time.Time { return w.clock }
	in, err := instance.Open(t.Context(), d, seal.NewKey(), w.clock)
	must(t, err)
	w.users = &user.Users{DB: d, Now: now}
	w.alice, err = w.users.Add(t.Context(), user.New{Name: "alice", Claims: user.Claims{Email: "alice@contoso.example"}})
	must(t, err)
	w.fake, err = fake.Start()
	must(t, err)
	t.Cleanup(func() { _ = w.fake.Close() })
	w.fake.Now = now
	w.Tenants = &entra.Tenants{DB: d, Box: in.Box, Epoch: in.Epoch, PublicURL: publicURL, Logins: w.logins, Guesses: &throttle.Guesses{DB: d, Now: now}, Now: now}
	w.tenant, err = w.Add(t.Context(), entra.Tenant{
		Name: "contoso", TenantID: tid, AppID: appID, ClientID: "nod", Authority: w.fake.URL, Reply: "http://127.0.0.1:9", Enrol: true,
	})
	must(t, err)
	w.reg = fake.Registration{Tenant: tid, ClientID: "nod", ReplyURL: "http://127.0.0.1:9"}
	return w
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) hint(change func(fake.Claims)) string {
	w.t.Helper()
	h, err := w.fake.Hint(w.reg, account, change)
	must(w.t, err)
	return h
}

// begin sends a request with a hint; change may be nil.
func (w *world) begin(hint string, change func(url.Values)) error {
	w.t.Helper()
	values := w.reg.Request(hint)
	if change != nil {
		change(values)
	}
	_, err := w.Begin(w.t.Context(), w.tenant, values, idp.Browser{IP: "192.0.2.1"})
	return err
}

func (w *world) link() {
	w.t.Helper()
	must(w.t, w.Link(w.t.Context(), w.tenant, account.OID, w.alice.ID, "cli:test"))
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, query, args...))
	return n
}

func (w *world) audited(action, outcome string) int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM audit WHERE action = $1 AND outcome = $2", action, outcome)
}

func without(values []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == one })
}
