package nodes

import (
	"net/http"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestNodesThatKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	c := form(t, dbtest.PostgresURL(t), settings{nodes: 3})
	l := newLedger()
	alice := c.person("alice", l)
	t.Run("what one node revokes is revoked on all within a second", func(t *testing.T) { c.revokes(t, alice) })
	t.Run("wrong passwords are counted on all nodes and across restarts", func(t *testing.T) { c.counts(t) })
	t.Run("the page hears of an approval on another node", func(t *testing.T) { c.measures(t, l) })
	t.Run("the page hears of an approval although the nodes do not listen", func(t *testing.T) { c.deaf(t, alice) })
	t.Run("a node that stood still for longer than its lease does no harm", func(t *testing.T) { c.freezes(t, alice) })
	l.check(t, c)
}

// "Revocation and disabling are read from the row at every introspection, userinfo and
// refresh, on every node."
func (c *cluster) revokes(t *testing.T, p *person) {
	code, err := p.signIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	given, err := p.redeem(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		if status, err := c.userinfo(t.Context(), n.address, given.Access); err != nil || status != http.StatusOK {
			t.Fatalf("%s: got %d, %v, want 200", n.name, status, err)
		}
	}
	c.verb("", nil, "user", "disable", p.name, "--yes")
	began := time.Now()
	for _, n := range c.nodes {
		if status, err := c.userinfo(t.Context(), n.address, given.Access); err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s, %s after the person was disabled: got %d, %v, want 401", n.name, time.Since(began), status, err)
		}
		if _, err := c.refresh(t.Context(), given.Refresh); err == nil {
			t.Errorf("%s: the refresh token still works", n.name)
		}
	}
	c.verb("", nil, "user", "enable", p.name)

	// What is cached, such as clients, is at most a second old.
	c.verb("", nil, "client", "add", "fleeting", "--first-party", "--redirect-uri", callback)
	time.Sleep(time.Second)
	c.everywhere(t, "a client that was added a second ago", http.StatusSeeOther)
	c.verb("", nil, "client", "remove", "fleeting", "--yes")
	time.Sleep(time.Second)
	c.everywhere(t, "a client that was removed a second ago", http.StatusBadRequest)
}

// everywhere asks every node for a login by the client fleeting.
func (c *cluster) everywhere(t *testing.T, what string, want int) {
	t.Helper()
	for range c.nodes {
		res, err := c.transport().RoundTrip(request(t, app{id: "fleeting"}.authorize(c.url)))
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", what, res.StatusCode, want)
		}
	}
}

func request(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// Guesses are rows: five on five nodes are five, and a restart forgets none.
func (c *cluster) counts(t *testing.T) {
	c.verb(passphrase+"\n", nil, "user", "add", "mallory", "--password-stdin")
	p := &person{c: c, name: "mallory", ledger: newLedger()}
	p.browser()
	if err := p.take(p.b.Get(t.Context(), c.app.authorize(c.url))); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if i == 3 {
			for _, n := range c.nodes {
				n.kill()
				n.start()
			}
			c.ready()
		}
		err := p.take(p.b.Press(t.Context(), p.page, "login-submit", map[string]string{"username": p.name, "password": "wrong and wrong again"}))
		if err != nil || p.page.State != "login" {
			t.Fatalf("a wrong password: the page is %q, %v", p.page.State, err)
		}
	}
	if err := p.take(p.b.Press(t.Context(), p.page, "login-submit", map[string]string{"username": p.name, "password": passphrase})); err != nil {
		t.Fatal(err)
	}
	if p.page.State != "login" {
		t.Errorf("the right password at once after five wrong ones: the page is %q, want a delay", p.page.State)
	}
}
