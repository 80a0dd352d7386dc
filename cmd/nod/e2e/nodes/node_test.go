package nodes

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	armedAt int // the start that was told of a failpoint
}

// start runs the node.
func (n *node) start() {
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
	cmd.Env = append(append(os.Environ(), c.env...), "NOD_FAILPOINT=@"+n.fuse())
	cmd.Stdout, cmd.Stderr = &n.log, &n.log
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := cmd.Start(); err != nil {
		c.t.Errorf("start %s: %v", n.name, err)
		return
	}
	exited := make(chan struct{})
	n.process, n.exited = cmd, exited
	n.starts++
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

// fuse is the file that tells the node where to die.
func (n *node) fuse() string { return filepath.Join(n.data, "failpoint") }

// arm lets the node die, once, when it comes to a point.
func (n *node) arm(point string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.armedAt = n.starts
	if err := os.WriteFile(n.fuse()+".new", []byte(point), 0o600); err != nil {
		n.cluster.t.Error(err)
	}
	if err := os.Rename(n.fuse()+".new", n.fuse()); err != nil {
		n.cluster.t.Error(err)
	}
}

// revived reports whether the node was started again since it was armed.
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

// holds reports whether something is in what was kept.
func (w *tailed) holds(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.text.Bytes(), []byte(text))
}

func (w *tailed) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Len()
}

// since is what was written after there were n bytes, as long as they are few.
func (w *tailed) since(n int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text.Bytes()[n:])
}
