package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/outbox"
)

var makeGolden = flag.Bool("make-golden", false, "keep what today's code writes as the golden database of the newest migration")

// It is run by hand before a release:
//
//	go test ./cmd/nod/e2e -run TestMakeTheGoldenDatabase -make-golden
func TestMakeTheGoldenDatabase(t *testing.T) {
	if !*makeGolden {
		t.Skip("only with -make-golden")
	}
	each(t, func(t *testing.T, w *world) {
		g := w.livedIn()
		folder := filepath.Join("testdata", "golden", newestMigration(t, w.s.DB))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		engine := string(w.s.DB.Engine())
		pack(t, filepath.Join(folder, engine+".gz"), w.rowsOf(t))
		g.Made = w.s.Options.Now()
		text, err := json.MarshalIndent(g, "", "\t")
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, engine+".json"), append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func pack(t *testing.T, path string, plain []byte) {
	t.Helper()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rowsOf is the database as it is kept.
func (w *world) rowsOf(t *testing.T) []byte {
	t.Helper()
	if w.s.DB.Engine() == db.Postgres {
		return []byte(dbtest.Dump(t, w.s.DB))
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := w.s.DB.CopyFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// livedIn does what people do, so that there are rows of all kinds.
func (w *world) livedIn() (g golden) {
	t := w.t
	g.Issuer, g.ClientSecret = w.issuer, w.app.ClientSecret
	key, err := os.ReadFile(w.s.Options.Place.KeyFile())
	if err != nil {
		t.Fatal(err)
	}
	g.SealingKey = string(key)
	phone, terminal := w.phone(w.user, "phone", ""), w.phone(w.person("carol"), "terminal", "2468")
	store := simulator.Store{Path: filepath.Join(t.TempDir(), "phones.json")}
	for _, p := range []*simulator.Phone{phone, terminal} {
		if err := store.Put(p); err != nil {
			t.Fatal(err)
		}
	}
	phones, err := os.ReadFile(store.Path)
	if err != nil {
		t.Fatal(err)
	}
	g.Phones = string(phones)

	v := w.entered("/account/tokens/add", phone, "")
	g.App = v.addApp("My app")
	v.open("/account/recovery", "recovery")
	v.press("recovery-make", "codes")
	g.Codes = v.codes()
	w.allRooms(phone)

	w.skip(time.Minute)
	v = w.visit(w.browser(), w.app).password()
	w.approve(phone, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	token, _, _ := v.tokens(v.code())
	g.AccessToken, g.RefreshToken, g.Cookies = token.AccessToken, token.RefreshToken, w.cookies(v.b)

	w.skip(time.Minute)
	v = w.visit(w.browser(), w.app).password()
	g.Waiting.Number = v.ask()
	g.Waiting.Page, g.Waiting.Cookies = v.page.URL.Path, w.cookies(v.b)
	g.Waiting.State, g.Waiting.Nonce, g.Waiting.Verifier = v.state, v.nonce, v.verifier
	return g
}

// allRooms adds rows to tables that a login does not touch.
func (w *world) allRooms(phone *simulator.Phone) {
	t := w.t
	group, err := w.s.Users.AddGroup(t.Context(), "staff")
	if err == nil {
		err = w.s.Users.AddToGroup(t.Context(), group.ID, w.user.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.application(client.New{ID: "robot", Name: "Robot", Grants: []client.Grant{client.ClientCredentials}})
	w.skip(time.Minute)
	tv := w.television(client.FactorPushNumber)
	v := tv.entered(phone)
	v.press("device-allow", "link-allowed")
	tv.polls("")
	w.anotherCode()
	w.microsoft(nil)
	err = w.s.DB.Write(t.Context(), func(tx *db.Tx) error {
		if err := w.s.Logins.Consents.AllowTx(tx, w.user.ID, "robot", []string{"openid"}, nil); err != nil {
			return err
		}
		return w.s.Outbox.AddTx(tx, outbox.Message{Kind: "mail", Label: "waits for a mail server", UserID: w.user.ID, Payload: []byte("{}")})
	})
	if err != nil {
		t.Fatal(err)
	}
	bob := w.person("bob")
	other := w.phone(bob, "other", "")
	v = w.visit(w.browser(), w.app)
	v.press("login-submit", "method", "username", "bob", "password", passphrase)
	v.press("use-mobile", "pending")
	if err := other.Report(t.Context(), w.only(other)); err != nil {
		t.Fatal(err)
	}
}
