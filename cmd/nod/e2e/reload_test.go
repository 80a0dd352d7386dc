package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// reloading is a server whose configuration file is written anew.
type reloading struct {
	*installation
	client printedClient
}

func (r *reloading) write(config string) {
	r.t.Helper()
	if err := os.WriteFile(r.config, []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// hangUp has the file read again and waits until the log says so.
func (r *reloading) hangUp(says string) {
	r.t.Helper()
	before := strings.Count(r.log.String(), says)
	if err := r.serve.Process.Signal(syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
	for range 200 {
		if strings.Count(r.log.String(), says) > before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Fatalf("the log does not say %q\n%s", says, r.log)
}

// asks reports whether somebody with the password alone is asked for more.
func (r *reloading) asks() bool {
	r.t.Helper()
	b := formbrowser.New(nil)
	b.Leaves = func(u *url.URL) bool { return u.Host == "127.0.0.1:9" }
	p, err := b.Get(r.t.Context(), r.authorize(r.client))
	if err != nil {
		r.t.Fatal(err)
	}
	p, err = b.Press(r.t.Context(), p, "login-submit", map[string]string{"username": username, "password": passphrase})
	if err != nil {
		r.t.Fatal(err)
	}
	return p.State != "done"
}

func TestThePolicyIsReadAgainWithoutARestart(t *testing.T) {
	r := &reloading{installation: install(t)}
	r.config = filepath.Join(t.TempDir(), "nod.yaml")
	r.write("policy:\n  - {name: lax, factor: \"off\"}\n")
	r.start()
	r.must(nil, passphrase+"\n", "user", "add", username, "--data", r.data, "--password-stdin")
	r.must(&r.client, "", "client", "add", "mail", "--json", "--data", r.data, "--first-party", "--redirect-uri", callback)
	if r.asks() {
		t.Fatal("the policy at the start does not hold")
	}
	r.write("policy:\n  - {name: strict, factor: push}\n")
	if r.asks() {
		t.Error("the file was read before anybody said so")
	}
	r.hangUp(`"changes":["rule strict is new","rule lax is gone"]`)
	if !r.asks() {
		t.Error("the policy that was read again does not hold")
	}
	for name, broken := range map[string]string{
		"a rule that is none":      "policy:\n  - {name: lax, factor: none}\n",
		"a setting that is none":   "polizy: []\n",
		"no YAML":                  "policy: [",
		"a list that is a mapping": "policy: {}\n",
	} {
		r.write(broken)
		r.hangUp("the one before stays in force")
		if !r.asks() {
			t.Errorf("%s: the last good policy is not in force", name)
		}
	}
	r.write("listen: 127.0.0.1:1\npolicy:\n  - {name: lax, factor: \"off\"}\n")
	r.hangUp(`"changes":["rule lax is new","rule strict is gone"]`)
	if r.asks() {
		t.Error("the policy that was mended does not hold")
	}
	r.hangUp("it is the same")
	out, err := r.run("", "audit", "--json", "--data", r.data)
	if err != nil || strings.Count(out, "policy.replaced") != 2 {
		t.Errorf("got %v and the journal %s", err, out)
	}
}

func TestAnAppliedPolicyHoldsWithoutARestart(t *testing.T) {
	r := &reloading{installation: install(t)}
	r.config = filepath.Join(t.TempDir(), "nod.yaml")
	r.write("policy:\n  - {name: own, factor: push}\n")
	r.start()
	r.must(nil, passphrase+"\n", "user", "add", username, "--data", r.data, "--password-stdin")
	r.must(&r.client, "", "client", "add", "mail", "--json", "--data", r.data, "--first-party", "--redirect-uri", callback)
	apply := func(text string) {
		t.Helper()
		r.must(nil, text, "apply", "-", "--json", "--data", r.data)
	}
	comesTo := func(asks bool, what string) {
		t.Helper()
		for began := time.Now(); r.asks() != asks; {
			if time.Since(began) > 5*time.Second {
				t.Fatalf("%s: not in force within 5 s", what)
			}
		}
	}
	comesTo(true, "the policy of the file")
	apply("policy:\n  - {name: lax, factor: \"off\"}\n")
	comesTo(false, "the applied policy")
	r.hangUp("does not count")
	comesTo(false, "the applied policy, after the file was read again")
	r.stop()
	r.start()
	comesTo(false, "the applied policy, after a restart")
	// What another version of nod may have stored and this one cannot read.
	d := must(db.Open(t.Context(), filepath.Join(r.data, "nod.db")))
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		return (&ruleset.Rulesets{DB: d}).ReplaceTx(tx, ruleset.Applied{There: true, Text: "- {factor: thrice}"}, nil)
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); !strings.Contains(r.log.String(), "the one before stays"); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("the log says nothing of rules that cannot be read\n%s", r.log)
		}
	}
	comesTo(false, "the last good policy")
	apply("policy: null\n")
	comesTo(true, "the policy of the file again")
}

func TestAFileOfApplicationsIsSeenWithoutARestart(t *testing.T) {
	i := install(t)
	i.start()
	file := filepath.Join(t.TempDir(), "clients.yaml")
	if err := os.WriteFile(file, []byte("clients:\n  - {client_id: mail, redirect_uris: ["+callback+"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.must(nil, "", "apply", file, "--json", "--data", i.data)
	if got := i.status(printedClient{ID: "mail"}); got != http.StatusSeeOther {
		t.Fatalf("at the next request: got %d", got)
	}
	i.must(nil, "clients: []", "apply", "-", "--prune", "--yes", "--json", "--data", i.data)
	began := time.Now()
	for i.status(printedClient{ID: "mail"}) == http.StatusSeeOther {
		if time.Since(began) > time.Second {
			t.Fatal("a removed client is still served after a second")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
