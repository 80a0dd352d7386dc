package nodes

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// node is one process of nod serve, and the next one after that died.
type node struct {
	cluster  *cluster
	name     string
	data     string
	database string
	address  string
	log      tailed

	mu      sync.Mutex
	process *exec.Cmd
	exited  chan struct{}
	starts  int
	armedAt int // the start that was given a failpoint
}

// start runs the node; failpoint is where it shall die, "" for nowhere.
func (n *node) start(failpoint string) {
	c := n.cluster
	if n.address == "" {
		n.address = freeAddress(c.t)
		c.balancer.add(n.address)
	}
	args := []string{
		"serve", "--listen", n.address, "--public-url", c.url, "--data", n.data, "--log-level", "warn",
		"--argon2-memory", "8MiB", "--argon2-time", "1",
	}
	if n.database != "" {
		args = append(args, "--database", n.database)
	}
	cmd := exec.Command(c.nod, append(args, c.flags...)...)
	cmd.Env = append(append(os.Environ(), c.env...), "NOD_FAILPOINT="+failpoint)
	cmd.Stdout, cmd.Stderr = &n.log, &n.log
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := cmd.Start(); err != nil {
		c.t.Errorf("start %s: %v", n.name, err)
		return
	}
	exited := make(chan struct{})
	n.process, n.exited = cmd, exited
	if n.starts++; failpoint != "" {
		n.armedAt = n.starts
	}
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
}

// await returns when the node is ready, or says that it never was.
func (n *node) await() {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + n.address + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
	}
	n.cluster.t.Errorf("%s was not ready for 30 s", n.name)
}

// revived reports whether the node was started again after it had been given a failpoint.
func (n *node) revived() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.starts > n.armedAt
}

func (n *node) signal(s syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = n.process.Process.Signal(s)
}

// dead reports whether the process has ended, waiting for a moment.
func (n *node) dead(within time.Duration) bool {
	n.mu.Lock()
	exited := n.exited
	n.mu.Unlock()
	select {
	case <-exited:
		return true
	case <-time.After(within):
		return false
	}
}

// kill ends the node as a power cut does.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	n.dead(10 * time.Second)
}

// stop ends the node gracefully.
func (n *node) stop() {
	n.signal(syscall.SIGCONT)
	n.signal(syscall.SIGTERM)
	if !n.dead(20 * time.Second) {
		n.cluster.t.Errorf("%s did not stop within 20 s", n.name)
		n.kill()
	}
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// tailed keeps the end of what is written.
type tailed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *tailed) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.text.Len() > 1<<20 {
		w.text.Next(w.text.Len() / 2)
	}
	return w.text.Write(p)
}

func (w *tailed) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.text.Bytes()
	return string(all[max(0, len(all)-3000):])
}
