package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nod-idp/nod/internal/db/dbtest"
)

// former is the binary of the last commit before the newest migration, built once.
var former = sync.OnceValues(func() (string, error) {
	root, err := git(".", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(root, "migrations", "sqlite", "*.sql"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no migrations in %s: %v", root, err)
	}
	sort.Strings(files)
	newest := files[len(files)-1]
	added, err := git(root, "log", "--diff-filter=A", "--format=%H", "-1", "--", newest)
	if err != nil {
		return "", err
	}
	commit := "HEAD" // the newest migration is not committed yet
	if added != "" {
		commit = added + "^"
	}
	if _, err := git(root, "rev-parse", "--verify", "--quiet", commit+"^{commit}"); err != nil {
		return "", fmt.Errorf("this clone does not reach back to the commit before %s: %w", filepath.Base(newest), err)
	}
	nod, err := binary()
	if err != nil {
		return "", err
	}
	tree := filepath.Join(filepath.Dir(nod), "former")
	if _, err := git(root, "worktree", "add", "--detach", "--force", tree, commit); err != nil {
		return "", err
	}
	defer func() { _, _ = git(root, "worktree", "remove", "--force", tree) }()
	path := filepath.Join(filepath.Dir(nod), "nod-former")
	build := exec.Command("go", "build", "-o", path, "./cmd/nod")
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", commit, err, out)
	}
	return path, nil
})

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// formerly is an installation that the former binary serves.
func formerly(t *testing.T) *installation {
	t.Helper()
	i := install(t)
	nod, err := former()
	if err != nil {
		// Whether today's binary gets on with the next schema is shown elsewhere, by a
		// migration that is made up; nothing but history can show this.
		t.Skipf("the former binary cannot be built; a full clone (git fetch --unshallow) has it: %v", err)
	}
	i.nod = nod
	return i
}

func TestTheFormerReleaseServesOnTheNewSchema(t *testing.T) {
	t.Parallel()
	old, today := formerly(t), install(t)
	today.data, today.listen, today.issuer = old.data, old.listen, old.issuer
	today.start() // migrates
	c, approve := today.inhabited()
	today.stop()
	old.start()
	old.login(c, approve)
}

func TestOldAndNewNodesServeOneLoginTogether(t *testing.T) {
	t.Parallel()
	old, today := formerly(t), install(t)
	today.data = old.data
	var turn atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		node := today
		if turn.Add(1)%2 == 0 {
			node = old
		}
		r.SetURL(must(url.Parse("http://" + node.listen)))
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(proxy.Close)
	config := filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(config, []byte("database: "+dbtest.PostgresURL(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*installation{today, old} {
		node.issuer = strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1)
		node.config = config
		node.start()
	}
	c, approve := today.inhabited()
	for range 4 { // an odd number of requests in one makes the next begin elsewhere
		today.login(c, approve)
		res, err := http.Get(today.issuer + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
}

// inhabited adds alice, the client mail and a device in a store. approve answers its one
// request.
func (i *installation) inhabited() (c printedClient, approve func(number string)) {
	i.t.Helper()
	place := []string{"--data", i.data}
	if i.config != "" {
		place = append(place, "--config", i.config)
	}
	on := func(args ...string) []string { return append(args, place...) }
	store := filepath.Join(i.t.TempDir(), "phone.json")
	var link printedLink
	i.must(nil, passphrase+"\n", on("user", "add", username, "--password-stdin")...)
	i.must(&c, "", on("client", "add", "mail", "--json", "--name", "Mail", "--first-party", "--redirect-uri", callback)...)
	i.must(&link, "", on("user", "enroll-link", username, "--valid", "24h", "--no-confirm", "--json")...)
	i.must(nil, "", "device", "enroll", link.URL, "--store", store, "--name", "terminal", "--pin", "2468", "--json")
	return c, func(number string) {
		i.must(nil, "", "device", "approve", "--store", store, "--number", number, "--pin", "2468", "--json")
	}
}
