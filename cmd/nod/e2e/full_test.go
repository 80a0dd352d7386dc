package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// PostgreSQL's own disk is not filled: its answer is put into the mouth of a trigger.
const (
	fullDisk = `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $f$
		BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $f$;
		DO $f$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
			EXECUTE format('CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION full_disk()', name); END LOOP; END $f$`
	roomAgain = "DROP FUNCTION full_disk CASCADE"
)

func TestAFullDiskClosesWhatNeedsItAndNothingElse(t *testing.T) {
	w := start(t, dbtest.PostgresURL(t))
	_, token := w.signedIn(t)
	w.rule(fullDisk)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/healthz"} {
		if res, _ := get(t, w.issuer+path); res.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
	if status := w.userinfo(t, token.AccessToken); status != http.StatusOK {
		t.Errorf("userinfo: got %d", status)
	}
	if told := w.form(t, "/oauth/introspect", url.Values{"token": {token.AccessToken}}, http.StatusOK); !strings.Contains(told, `"active":true`) {
		t.Errorf("introspection: got %s", told)
	}
	_, err := w.refresh(t, token.RefreshToken)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusServiceUnavailable ||
		refused.Response.Header.Get("Retry-After") == "" || refused.ErrorCode == "invalid_grant" {
		t.Errorf("refresh: got %v, want 503", err)
	}
	v := w.visit(w.browser(), w.app)
	v.want("login") // nothing is written before the first step
	page, err := v.b.Press(t.Context(), v.page, "login-submit", map[string]string{"username": username, "password": passphrase})
	if err != nil || page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" {
		t.Errorf("a new login: got %v, %v, want 503", page, err)
	}
	time.Sleep(1100 * time.Millisecond) // readiness is asked of the database once a second
	if res, _ := get(t, w.issuer+"/readyz"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz: got %d, want 503", res.StatusCode)
	}
	if !strings.Contains(w.log.String(), "the database cannot be written to") {
		t.Errorf("the log does not say so")
	}
	w.rule(roomAgain)
	if _, err := w.refresh(t, token.RefreshToken); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	w.visit(w.browser(), w.app).password()
}

// rule gives the database an order on the connection that writes.
func (w *world) rule(order string) {
	w.t.Helper()
	err := w.s.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(order)
		return err
	})
	if err != nil {
		w.t.Fatalf("%s: %v", order, err)
	}
}
