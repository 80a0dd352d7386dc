// Package nodes runs the real binary on several nodes, kills it and cuts its connections
// while people sign in, and holds against the journal and the rows that nothing was lost
// and nothing was honoured twice.
//
// Its tests are short unless told otherwise:
//
//	go test ./cmd/nod/e2e/nodes -run Storm -storm 5m -timeout 20m
//	go test ./cmd/nod/e2e/nodes -run Killed -kills 1000 -lanes 6 -parallel 12 -timeout 12h
package nodes

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

var (
	storm = flag.Duration("storm", 12*time.Second, "how long nodes are killed and connections cut")
	kills = flag.Int("kills", 1, "how often each point of a crash is tried on each engine")
	lanes = flag.Int("lanes", 1, "over how many installations at once the crashes of a login are spread")
)

// binary is nod with its failpoints, built once; without NOD_FAILPOINT it is what is shipped.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nod-nodes-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "nod")
	if out, err := exec.Command("go", "build", "-tags", "failpoints", "-o", path, "github.com/nod-idp/nod/cmd/nod").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// cluster is some nodes on one database behind a balancer.
type cluster struct {
	t        *testing.T
	nod      string
	url      string // the issuer: the balancer's address
	database string // PostgreSQL as commands and the checker reach it, "" for SQLite
	balancer *balancer
	nodes    []*node
	flags    []string // of serve
	env      []string
	app      app
	d        *db.DB
}

// settings are what differs between clusters.
type settings struct {
	nodes int
	via   string // the database as nodes reach it, "" for as commands do
	data  string // of the first node, "" for a new directory
	flags []string
	env   []string
}

// form starts nodes on a database, "" for SQLite, where there can only be one.
func form(t *testing.T, database string, s settings) *cluster {
	t.Helper()
	nod, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, nod: nod, database: database, flags: s.flags, env: s.env, balancer: balance(t)}
	c.url = c.balancer.url
	if s.via == "" {
		s.via = database
	}
	for i := range s.nodes {
		n := &node{cluster: c, name: fmt.Sprintf("node %d", i+1), data: s.data, database: s.via}
		if n.data == "" || i > 0 {
			n.data = t.TempDir()
		}
		if i > 0 { // the key that a new node is given
			key, err := os.ReadFile(filepath.Join(c.nodes[0].data, "sealing.key"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(n.data, "sealing.key"), key, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.nodes = append(c.nodes, n)
		n.start()
		n.await()
	}
	t.Cleanup(func() {
		var all sync.WaitGroup
		for _, n := range c.nodes {
			all.Go(n.stop)
		}
		all.Wait()
		if t.Failed() {
			for _, n := range c.nodes {
				t.Logf("%s:\n%s", n.name, n.log.tail())
			}
		}
	})
	c.app = c.application()
	return c
}

// keptSecret holds "No secret in a log" for what nodes printed while they died and came back:
// given codes and tokens, and those of the installation.
func (c *cluster) keptSecret(given []string) {
	c.t.Helper()
	key, err := os.ReadFile(filepath.Join(c.nodes[0].data, "sealing.key"))
	if err != nil {
		c.t.Fatal(err)
	}
	secrets := append(given, passphrase, c.app.secret, strings.TrimSpace(string(key)))
	for _, n := range c.nodes {
		for _, secret := range secrets {
			if n.log.holds(secret) {
				c.t.Errorf("the log of %s holds the secret %.12s…", n.name, secret)
			}
		}
	}
}

// place is where commands find the installation.
func (c *cluster) place() []string {
	place := []string{"--data", c.nodes[0].data}
	if c.database != "" {
		place = append(place, "--database", c.database)
	}
	return place
}

// verb runs a command and reads what it prints as JSON.
func (c *cluster) verb(stdin string, into any, args ...string) {
	c.t.Helper()
	cmd := exec.Command(c.nod, append(append(args, "--json"), c.place()...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, diagnosis bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnosis
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("nod %s: %v\n%s", strings.Join(args, " "), err, &diagnosis)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		c.t.Fatalf("nod %s: %v\n%s", strings.Join(args, " "), err, &out)
	}
}

// rows opens the database beside the nodes.
func (c *cluster) rows() *db.DB {
	c.t.Helper()
	if c.d != nil {
		return c.d
	}
	address := c.database
	if address == "" {
		address = filepath.Join(c.nodes[0].data, "nod.db")
	}
	d, err := db.Open(c.t.Context(), address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = d.Close() })
	c.d = d
	return d
}

// ready waits until every node can be sent to.
func (c *cluster) ready() {
	for _, n := range c.nodes {
		n.await()
	}
}

// transport leads localhost to the balancer, whatever address family it means.
func (c *cluster) transport() http.RoundTripper { return c.balancer.transport }

// engines runs a story with one node on SQLite and with two on PostgreSQL.
func engines(t *testing.T, story func(t *testing.T, database string, nodes int)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); story(t, "", 1) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); story(t, dbtest.PostgresURL(t), 2) })
}
