package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/internal/formbrowser"
)

// binary is nod as it is shipped, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nod-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "nod")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/nod-idp/nod/cmd/nod").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError) // the toolkit reports its routes
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// installation is one data directory and, while it runs, one `nod serve`.
type installation struct {
	t        *testing.T
	nod      string
	data     string
	issuer   string
	listen   string
	log      *lockedBuffer
	config   string // a configuration file, "" for none
	database string // PostgreSQL, "" for SQLite in data
	serve    *exec.Cmd
}

func install(t *testing.T) *installation {
	t.Helper()
	nod, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return &installation{
		t: t, nod: nod, data: filepath.Join(t.TempDir(), "data"), log: &lockedBuffer{},
		issuer: fmt.Sprintf("http://localhost:%d", port), listen: fmt.Sprintf("127.0.0.1:%d", port),
	}
}

func (i *installation) start() {
	i.t.Helper()
	i.serve = exec.Command(i.nod, "serve", "--data", i.data, "--listen", i.listen, "--public-url", i.issuer)
	if i.database != "" {
		i.serve.Args = append(i.serve.Args, "--database", i.database)
	}
	if i.config != "" {
		i.serve.Args = append(i.serve.Args, "--config", i.config)
	}
	i.serve.Stderr = i.log
	if err := i.serve.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(i.stop)
	for range 200 {
		if res, err := http.Get("http://" + i.listen + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	i.t.Fatalf("nod serve did not get ready\n%s", i.log)
}

func (i *installation) stop() {
	if i.serve == nil {
		return
	}
	if err := i.serve.Process.Signal(syscall.SIGTERM); err != nil {
		i.t.Error(err)
	}
	if err := i.serve.Wait(); err != nil {
		i.t.Errorf("nod serve ended with %v\n%s", err, i.log)
	}
	i.serve = nil
}

// run runs a command of nod and returns what it printed on stdout.
func (i *installation) run(stdin string, args ...string) (string, error) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, i.nod, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("nod %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// must is run for a command that has to succeed; its JSON goes into result.
func (i *installation) must(result any, stdin string, args ...string) {
	i.t.Helper()
	out, err := i.run(stdin, args...)
	if err != nil {
		i.t.Fatal(err)
	}
	if result == nil {
		return
	}
	dec := json.NewDecoder(strings.NewReader(out))
	if err := dec.Decode(result); err != nil {
		i.t.Fatalf("nod %s: %v in %q", strings.Join(args, " "), err, out)
	}
	if dec.More() {
		i.t.Fatalf("nod %s printed more than one value: %q", strings.Join(args, " "), out)
	}
}

type printedClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

type printedLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

type printedDevice struct {
	ID      string `json:"device_id"`
	Account string `json:"account"`
	Status  string `json:"status"`
}

type printedRequest struct {
	ID, Client, Account, State string
	ExpiresAt                  time.Time `json:"expires_at"`
}

func TestTheContractForScripts(t *testing.T) {
	i := install(t)
	i.start()
	store := filepath.Join(t.TempDir(), "phone.json")
	var c printedClient
	var link printedLink
	var device printedDevice
	i.must(nil, passphrase+"\n", "user", "add", username, "--data", i.data, "--email", "alice@example.com", "--name", "Alice", "--password-stdin")
	i.must(&c, "", "client", "add", "mail", "--json", "--data", i.data, "--name", "Mail", "--first-party", "--redirect-uri", callback)
	i.must(&link, "", "user", "enroll-link", username, "--data", i.data, "--valid", "24h", "--no-confirm", "--json")
	i.must(&device, "", "device", "enroll", link.URL, "--store", store, "--name", "terminal", "--pin", "2468", "--json")
	if c.ID != "mail" || c.Secret == "" || device.Status != "active" || device.Account != username || device.ID == "" {
		t.Fatalf("got client %+v and device %+v", c, device)
	}
	if left := time.Until(link.ExpiresAt); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("got a link for %v, want a day", left)
	}
	code, _ := i.login(c, func(number string) {
		var open []printedRequest
		i.must(&open, "", "device", "list", "--store", store, "--json")
		if len(open) != 1 || open[0].State != "pending" || open[0].Account != username {
			t.Fatalf("got %+v, want one pending request", open)
		}
		if _, err := i.run("", "device", "approve", "--store", store, "--number", number, "--pin", "1357"); err == nil {
			t.Error("a wrong PIN: got exit status 0")
		}
		i.must(nil, "", "--store", store, "device", "approve", open[0].ID, "--number", number, "--pin", "2468", "--json")
	})
	if code == "" {
		t.Error("got no code")
	}
}

// login walks the pages; approve is told the match number, and is nil where no phone is
// asked. The application asks for openid and these scopes.
func (i *installation) login(c printedClient, approve func(number string), scopes ...string) (code string, given *oauth2.Token) {
	i.t.Helper()
	b := i.walker()
	verifier := oauth2.GenerateVerifier()
	conf := oauth2.Config{
		ClientID: c.ID, ClientSecret: c.Secret, RedirectURL: callback, Scopes: append(scopes, "openid"),
		Endpoint: oauth2.Endpoint{AuthURL: i.issuer + "/authorize", TokenURL: i.issuer + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	step := func(p *formbrowser.Page, err error) *formbrowser.Page {
		i.t.Helper()
		if err != nil {
			i.t.Fatal(err)
		}
		return p
	}
	ctx := i.t.Context()
	p := step(b.Get(ctx, conf.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier))))
	p = step(b.Press(ctx, p, "login-submit", map[string]string{"username": username, "password": passphrase}))
	if approve != nil {
		p = step(b.Press(ctx, p, "use-mobile", nil))
		approve(p.Text("match-number"))
		p = step(b.Get(ctx, p.URL.String()))
		p = step(b.Press(ctx, p, "passcode-submit", nil))
	}
	p = step(b.Follow(ctx, p))
	code = p.URL.Query().Get("code")
	given, err := conf.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		i.t.Fatalf("redeem: %v", err)
	}
	return code, given
}

func TestOneServeForEachDataDirectory(t *testing.T) {
	i := install(t)
	i.start()
	_, err := i.run("", "serve", "--data", i.data, "--listen", "127.0.0.1:0", "--public-url", "http://localhost:1")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(err.Error(), "another nod serve") {
		t.Errorf("got %v, want a refusal that names the reason", err)
	}
	for _, name := range []string{"sealing.key", "nod.db"} {
		info, err := os.Stat(filepath.Join(i.data, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "sealing.key" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, want 0600", name, info.Mode().Perm())
		}
	}
}

func TestAfterAKillEverythingIsStillThere(t *testing.T) {
	i := install(t)
	i.start()
	i.must(nil, passphrase+"\n", "user", "add", username, "--data", i.data, "--password-stdin")
	if err := i.serve.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = i.serve.Wait()
	i.serve = nil
	i.start()
	var users []map[string]any
	i.must(&users, "", "user", "list", "--data", i.data, "--json")
	if len(users) != 1 {
		t.Errorf("got %v", users)
	}
	i.stop()
	if _, err := os.Stat(filepath.Join(i.data, "nod.db-wal")); err == nil {
		t.Error("after a graceful stop the write-ahead log is still there")
	}
}

// authorize is an authorization request of a client that nothing is wrong with.
func (i *installation) authorize(c printedClient) string {
	return i.issuer + "/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}.Encode()
}

// status is what such a request is answered with at once.
func (i *installation) status(c printedClient) int {
	i.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(must(http.NewRequest(http.MethodGet, i.authorize(c), nil)))
	if err != nil {
		i.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestAChangeIsSeenWithinASecond(t *testing.T) {
	i := install(t)
	i.start()
	var c printedClient
	i.must(&c, "", "client", "add", "mail", "--json", "--data", i.data, "--name", "Mail", "--first-party", "--redirect-uri", callback)
	status := func() int { return i.status(c) }
	if got := status(); got != http.StatusSeeOther {
		t.Fatalf("an added client at the next request: got %d", got)
	}
	i.must(nil, "", "client", "remove", "mail", "--yes", "--data", i.data)
	began := time.Now()
	for status() == http.StatusSeeOther {
		if time.Since(began) > time.Second {
			t.Fatal("a removed client is still served after a second")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
