// Package chaos is a network in front of PostgreSQL that fails when it is told to: in the
// middle of a COMMIT, or altogether. Tests connect nod through it.
package chaos

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Fault is what happens to one COMMIT and its connection.
type Fault int

// The faults. Where COMMIT does not reach the server nothing is stored, where only its
// answer is lost the transaction is.
const (
	None          Fault = iota
	ResetBefore         // the connection is reset, COMMIT never arrives
	ResetAfter          // COMMIT is executed, then the connection is reset instead of the answer
	SilenceBefore       // COMMIT never arrives, and nobody says so
	SilenceAfter        // COMMIT is executed, and nobody says so
	Pause               // COMMIT arrives late
)

func (f Fault) String() string {
	return [...]string{"none", "reset before", "reset after", "silence before", "silence after", "pause"}[f]
}

// Network is the way to one server.
type Network struct {
	// PauseFor is how long Pause delays a COMMIT.
	PauseFor time.Duration

	listener net.Listener
	server   string
	wg       sync.WaitGroup

	mu    sync.Mutex
	fault func() Fault
	down  bool
	links map[*link]struct{}
	met   map[Fault]int
}

// Start opens a way to the server of a database's address. It is closed with the test.
func Start(t testing.TB, database string) (n *Network, address string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n = &Network{PauseFor: 3 * time.Second, listener: l, server: u.Host, links: map[*link]struct{}{}, met: map[Fault]int{}}
	n.wg.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close()
		n.Sever()
		n.wg.Wait()
	})
	u.Host = l.Addr().String()
	return n, u.String()
}

// OnCommit asks what shall happen to each COMMIT from now on. nil means nothing.
func (n *Network) OnCommit(fault func() Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = fault
}

// Once lets one COMMIT, the next, meet a fault.
func (n *Network) Once(f Fault) {
	var once sync.Once
	n.OnCommit(func() (now Fault) {
		once.Do(func() { now = f })
		return now
	})
}

// Met counts the faults that COMMITs have met.
func (n *Network) Met() map[Fault]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[Fault]int{}
	for f, count := range n.met {
		all[f] = count
	}
	return all
}

// Down makes the server unreachable, or reachable again.
func (n *Network) Down(down bool) {
	n.mu.Lock()
	n.down = down
	n.mu.Unlock()
	if down {
		n.Sever()
	}
}

// Sever resets every connection.
func (n *Network) Sever() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for l := range n.links {
		l.reset()
	}
}

func (n *Network) meet() Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fault == nil {
		return None
	}
	f := n.fault()
	if f != None {
		n.met[f]++
	}
	return f
}

func (n *Network) accept() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.wg.Go(func() { n.serve(client.(*net.TCPConn)) })
	}
}

func (n *Network) serve(client *net.TCPConn) {
	n.mu.Lock()
	down := n.down
	n.mu.Unlock()
	if down {
		reset(client)
		return
	}
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		reset(client)
		return
	}
	l := &link{network: n, client: client, server: server.(*net.TCPConn)}
	n.mu.Lock()
	n.links[l] = struct{}{}
	n.mu.Unlock()
	l.run()
	n.mu.Lock()
	delete(n.links, l)
	n.mu.Unlock()
}
