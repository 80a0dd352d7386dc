package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// drill is an installation that is backed up while people sign in, and its people.
type drill struct {
	*installation
	*world
	t          *testing.T
	alice, bob *simulator.Phone
}

// here is a command of nod on the installation.
func (d *drill) here(args ...string) []string {
	args = append(args, "--data", d.data)
	if d.database != "" {
		args = append(args, "--database", d.database)
	}
	return args
}

func newDrill(t *testing.T, database string) *drill {
	t.Helper()
	i := install(t)
	i.database = database
	i.start()
	d := &drill{installation: i, t: t, world: &world{t: t, issuer: i.issuer, log: i.log}}
	var c printedClient
	i.must(&c, "", d.here("client", "add", "mail", "--json", "--first-party", "--redirect-uri", callback)...)
	provider := must(oidc.NewProvider(t.Context(), i.issuer))
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	d.app = app{
		Config: oauth2.Config{
			ClientID: c.ID, ClientSecret: c.Secret, Endpoint: endpoint, RedirectURL: callback,
			Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: c.ID}), provider: provider,
	}
	d.alice, d.bob = d.enrol(username), d.enrol("bob")
	return d
}

func (d *drill) enrol(name string) *simulator.Phone {
	d.t.Helper()
	var link printedLink
	d.must(nil, passphrase+"\n", d.here("user", "add", name, "--password-stdin")...)
	d.must(&link, "", d.here("user", "enroll-link", name, "--no-confirm", "--json")...)
	return must(simulator.Enroll(d.t.Context(), link.URL, simulator.Options{Name: name + "'s terminal"}))
}

// signIn takes somebody through the whole login and returns the visit, at its last page.
// signInUntil signs bob in again and again, once at least, until something else is done.
func (d *drill) signInUntil(done <-chan error) {
	d.t.Helper()
	for logins := 1; ; logins++ {
		v := d.signIn("bob", d.bob)
		v.tokens(v.code())
		select {
		case err := <-done:
			if err != nil {
				d.t.Fatal(err)
			}
			d.t.Logf("%d logins meanwhile", logins)
			return
		default:
		}
	}
}

func (d *drill) signIn(name string, p *simulator.Phone) *visit {
	d.t.Helper()
	v := d.visit(d.browser(), d.app)
	v.press("login-submit", "method", "username", name, "password", passphrase)
	d.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	return v
}

func TestWhatWasIssuedBeforeARestoreIsVoid(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		rehearse(t, newDrill(t, ""), "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		rehearse(t, newDrill(t, dbtest.PostgresURL(t)), dbtest.PostgresURL(t))
	})
}

func rehearse(t *testing.T, d *drill, into string) {
	ctx := t.Context()
	// What is issued before the backup, and not all of it used up.
	signedIn := d.signIn(username, d.alice)
	tokens, _, _ := signedIn.tokens(signedIn.code())
	unredeemed := d.visit(signedIn.b, d.app)
	code := unredeemed.answer(unredeemed.page.URL).Get("code")
	approved := d.visit(d.browser(), d.app).password()
	number := approved.ask()
	request := must(d.alice.Open(ctx, d.only(d.alice)))
	must(d.alice.ApproveRequest(ctx, request, number, ""))
	approved.reload("approved")

	// The backup, while somebody else signs in again and again.
	file := filepath.Join(t.TempDir(), "nod.backup")
	done := make(chan error, 1)
	go func() {
		_, err := d.run("", d.here("backup", file, "--json")...)
		done <- err
	}()
	d.signInUntil(done)

	// After the backup: a typed passcode is used, of which the backup knows nothing.
	typed := d.visit(d.browser(), d.app).password()
	typed.press("use-passcode", "method")
	must(d.alice.Requests(ctx))
	passcode := must(d.alice.TypedPasscode())
	typed.press("passcode-submit", "done", "passcode", passcode)
	later, _, _ := typed.tokens(typed.code())

	d.restore(file, into)
	d.replayed(signedIn, tokens, later, unredeemed, code, approved)
	if _, err := d.alice.ApproveRequest(ctx, request, number, ""); err == nil {
		t.Error("the answer to a request of before: got it taken")
	}
	again := d.visit(d.browser(), d.app).password()
	again.press("use-passcode", "method")
	if page, err := again.b.Press(ctx, again.page, "passcode-submit", map[string]string{"passcode": passcode}); err != nil || page.State != "method" {
		t.Errorf("a passcode that was used before: got state %q, %v", page.State, err)
	}

	// The same people, passwords and devices.
	v := d.signIn(username, d.alice)
	v.tokens(v.code())
	if out, err := d.run("", d.here("audit", "verify")...); err != nil {
		t.Errorf("the journal: %v %s", err, out)
	}
	var journal []struct{ Action string }
	d.must(&journal, "", d.here("audit", "--last", "1000", "--json")...)
	told := 0
	for _, e := range journal {
		if e.Action == "instance.restored" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("got %d entries of the restore, want 1", told)
	}
}

// restore brings the backup back at another place, with nothing of the first but the
// sealing key, and serves it.
func (d *drill) restore(file, into string) {
	d.t.Helper()
	d.installation.stop()
	key := must(os.ReadFile(filepath.Join(d.data, "sealing.key")))
	d.data, d.database = filepath.Join(d.t.TempDir(), "restored"), into
	if err := errors.Join(os.Mkdir(d.data, 0o700), os.WriteFile(filepath.Join(d.data, "sealing.key"), key, 0o600)); err != nil {
		d.t.Fatal(err)
	}
	began := time.Now()
	d.must(nil, "", d.here("restore", file, "--json")...)
	if _, err := d.run("", d.here("restore", file, "--json")...); err == nil {
		d.t.Error("a second time into the same place: got it done")
	}
	d.installation.start()
	d.t.Logf("restored and served within %v", time.Since(began))
}

// replayed uses everything that was issued before.
func (d *drill) replayed(signedIn *visit, before, later *oauth2.Token, unredeemed *visit, code string, approved *visit) {
	d.t.Helper()
	for name, token := range map[string]*oauth2.Token{"before": before, "after": later} {
		if got := d.userinfo(d.t, token.AccessToken); got != http.StatusUnauthorized {
			d.t.Errorf("an access token of %s the backup: got %d, want 401", name, got)
		}
		if _, err := d.refresh(d.t, token.RefreshToken); !isOAuth(err, "invalid_grant") {
			d.t.Errorf("a refresh token of %s the backup: got %v, want invalid_grant", name, err)
		}
	}
	if _, err := d.app.Exchange(d.t.Context(), code, oauth2.VerifierOption(unredeemed.verifier)); !isOAuth(err, "invalid_grant") {
		d.t.Errorf("a code: got %v, want invalid_grant", err)
	}
	d.visit(signedIn.b, d.app).want("login")
	page, err := approved.b.Press(d.t.Context(), approved.page, "passcode-submit", nil)
	if err != nil || page.State == "done" {
		d.t.Errorf("an approved login: got state %q, %v", page.State, err)
	}
}
