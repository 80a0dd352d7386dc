package nodes

import (
	"syscall"
	"testing"
	"time"
)

// A lease that ran out is somebody else's. Whoever had it may wake up in the middle of the
// job: the rows refuse what was done meanwhile.
func (c *cluster) freezes(t *testing.T, p *person) {
	frozen := c.nodes[0]
	c.balancer.remove(frozen.address) // as its health checks do
	defer c.balancer.add(frozen.address)
	p.browser() // no connection to the node is left under way
	frozen.signal(syscall.SIGSTOP)
	const lease = 5 * time.Second
	for began := time.Now(); time.Since(began) < lease+2*time.Second; {
		if _, err := p.signIn(t.Context()); err != nil {
			frozen.signal(syscall.SIGCONT)
			t.Fatal(err)
		}
	}
	frozen.signal(syscall.SIGCONT)
	for range 3 {
		if _, err := p.signIn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	frozen.await()
	time.Sleep(time.Second)
	c.verb("", nil, "audit", "verify")
	var unsealed int
	if err := c.rows().Get(t.Context(), &unsealed, "SELECT count(*) FROM audit WHERE seq IS NULL"); err != nil || unsealed > 20 {
		t.Errorf("got %d entries without a seal, %v", unsealed, err)
	}
}
