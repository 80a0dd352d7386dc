package e2e

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestTheSealingKeyIsChangedWhilePeopleSignIn(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		change(t, newDrill(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		change(t, newDrill(t, dbtest.PostgresURL(t)))
	})
}

func change(t *testing.T, d *drill) {
	file := filepath.Join(d.data, "sealing.key")
	old := string(must(os.ReadFile(file)))
	// An answer that waits for its page is sealed under the old key.
	approved := d.visit(d.browser(), d.app).password()
	d.approve(d.alice, approved.ask(), "")

	done := make(chan error, 1)
	go func() { done <- d.reseal() }()
	d.signInUntil(done)
	if fresh := string(must(os.ReadFile(file))); fresh == old || strings.Count(fresh, "\n") != 1 {
		t.Errorf("the key file holds %d keys, or the old one", strings.Count(fresh, "\n"))
	}
	if retired := string(must(os.ReadFile(file + ".retired"))); retired != old {
		t.Error("the old key is not among those that were retired")
	}
	approved.reload("approved")
	approved.press("passcode-submit", "done")
	approved.tokens(approved.code())

	// With the new key alone.
	d.installation.stop()
	if err := os.Remove(file + ".retired"); err != nil {
		t.Fatal(err)
	}
	d.installation.start()
	v := d.signIn(username, d.alice)
	v.tokens(v.code())
	if out, err := d.run("", d.here("audit", "verify")...); err != nil {
		t.Errorf("the journal: %v %s", err, out)
	}
	d.installation.stop()
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.run("", d.here("keys", "list")...); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("with the old key: got %v, want it refused", err)
	}
}

// reseal runs the command, kills it at random moments, and at last lets it end.
func (d *drill) reseal() error {
	for try := 0; ; try++ {
		cmd := exec.Command(d.nod, d.here("keys", "reseal")...)
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			return err
		}
		if try < 5 {
			time.AfterFunc(time.Duration(rand.IntN(1+try*60))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
		err := cmd.Wait()
		switch {
		case err == nil:
			return nil
		case try >= 5:
			return errors.Join(err, errors.New(said.String()))
		}
	}
}
