package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// A golden database is one that an earlier release left behind, with everything in it,
// kept as testdata/golden/NNNN for the newest migration that it knew. golden is what the
// people, devices and applications of that time hold: the other half of the database.
type golden struct {
	Made         time.Time      `json:"made"` // by the server's clock
	Issuer       string         `json:"issuer"`
	SealingKey   string         `json:"sealing_key"`
	ClientSecret string         `json:"client_secret"` // of the client mail
	AccessToken  string         `json:"access_token"`
	RefreshToken string         `json:"refresh_token"`
	Cookies      []*http.Cookie `json:"cookies"` // of the browser that is signed in
	App          string         `json:"app"`     // the secret of an authenticator app
	Phones       string         `json:"phones"`  // the simulator's store: alice's phone, and carol's terminal with PIN 2468
	Codes        []string       `json:"recovery_codes"`
	Waiting      struct {       // a login that waits for alice's answer
		Page     string         `json:"page"`
		Cookies  []*http.Cookie `json:"cookies"`
		State    string         `json:"state"`
		Nonce    string         `json:"nonce"`
		Verifier string         `json:"verifier"`
		Number   string         `json:"number"`
	} `json:"waiting"`
}

func TestEveryGoldenDatabaseServesOnWithTodaysCode(t *testing.T) {
	folders, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no golden databases: %v", err)
	}
	for _, folder := range folders {
		for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
			t.Run(filepath.Base(folder)+" "+string(engine), func(t *testing.T) {
				t.Parallel()
				g, place := openGolden(t, folder, engine)
				g.servesOn(t, place)
			})
		}
	}
}

// openGolden unpacks a golden database.
func openGolden(t *testing.T, folder string, engine db.Engine) (g golden, place config.Place) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, string(engine)+".json"))
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	place.Data = t.TempDir()
	if err := os.WriteFile(place.KeyFile(), []byte(g.SealingKey), 0o600); err != nil {
		t.Fatal(err)
	}
	if engine == db.SQLite {
		if err := os.WriteFile(place.DatabaseAddress(), unpack(t, filepath.Join(folder, "sqlite.gz")), 0o600); err != nil {
			t.Fatal(err)
		}
		return g, place
	}
	newest, err := strconv.Atoi(filepath.Base(folder))
	if err != nil {
		t.Fatal(err)
	}
	place.Database = dbtest.Dumped(t, newest, string(unpack(t, filepath.Join(folder, "postgres.gz"))))
	return g, place
}

func unpack(t *testing.T, path string) []byte {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// servesOn opens the database a second after it was left and goes on with everything.
func (g golden) servesOn(t *testing.T, place config.Place) {
	w := bare(t, server.Options{Place: place}, time.Until(g.Made.Add(time.Second)))
	var err error
	if w.user, err = w.s.Users.ByLogin(t.Context(), username); err != nil {
		t.Fatal(err)
	}
	w.app = w.relyingParty("mail", g.ClientSecret)
	phone, terminal := g.phones(t, w)

	v := &visit{world: w, b: w.holding(g.Waiting.Cookies), app: w.app, state: g.Waiting.State, nonce: g.Waiting.Nonce, verifier: g.Waiting.Verifier}
	v.open(g.Waiting.Page, "pending")
	w.approve(phone, g.Waiting.Number, "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.tokens(v.code())

	if status := w.userinfo(t, g.AccessToken); status != http.StatusOK {
		t.Errorf("userinfo: got %d", status)
	}
	if _, err := w.refresh(t, g.RefreshToken); err != nil {
		t.Errorf("refresh: %v", err)
	}
	signedIn := w.visit(w.holding(g.Cookies), w.app)
	signedIn.tokens(signedIn.answer(signedIn.page.URL).Get("code"))

	w.skip(30 * time.Second)
	v = w.visit(w.browser(), w.app)
	v.press("login-submit", "method", "username", "carol", "password", passphrase)
	w.approve(terminal, v.ask(), "2468")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.tokens(v.code())

	v = w.visit(w.browser(), w.app).password()
	v.press("use-passcode", "method")
	v.press("passcode-submit", "done", "passcode", w.shows(g.App))
	v.tokens(v.code())

	v = w.visit(w.browser(), w.app).password()
	v.press("use-recovery", "method")
	v.press("recovery-submit", "done", "recovery-code", g.Codes[0])

	w.sealed()
	if report, err := audit.Verify(t.Context(), w.s.DB, w.s.Audit.PublicKey()); err != nil || report.Sealed < 30 {
		t.Errorf("the journal: got %+v, %v", report, err)
	}
}

// sealed waits for the server's own sealer, which chains what was written within a second.
func (w *world) sealed() {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		open, err := w.s.Audit.Tail(w.t.Context())
		if err == nil && open.IsZero() {
			return
		}
		if time.Since(began) > 30*time.Second {
			w.t.Fatalf("the audit log is not sealed: an entry of %v is open, %v", open, err)
		}
	}
}

// phones are the devices, which find the server at its new address.
func (g golden) phones(t *testing.T, w *world) (phone, terminal *simulator.Phone) {
	t.Helper()
	store := simulator.Store{Path: filepath.Join(t.TempDir(), "phones.json")}
	if err := os.WriteFile(store.Path, []byte(strings.ReplaceAll(g.Phones, g.Issuer, w.issuer)), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := store.Load()
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d phones, %v", len(all), err)
	}
	return all[0], all[1]
}

// holding is a browser with cookies.
func (w *world) holding(cookies []*http.Cookie) *formbrowser.Browser {
	b := w.browser()
	b.Client.Jar = must(cookiejar.New(nil))
	b.Client.Jar.SetCookies(must(url.Parse(w.issuer)), cookies)
	return b
}

func (w *world) cookies(b *formbrowser.Browser) []*http.Cookie {
	return b.Client.Jar.Cookies(must(url.Parse(w.issuer)))
}

func newestMigration(t *testing.T, d *db.DB) string {
	t.Helper()
	var n int
	if err := d.Get(t.Context(), &n, "SELECT max(number) FROM schema_migrations"); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%04d", n)
}
