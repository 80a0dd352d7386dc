package e2e

import (
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// "Requests under way are finished. A second signal stops at once": somebody sends a form that
// does not end.
func TestTheFirstSignalFinishesRequestsAndTheSecondEndsAtOnce(t *testing.T) {
	i := install(t)
	i.start()
	const form = "grant_type=client_credentials&client_id=nobody&client_secret=none"
	begin := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", i.listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "POST /oauth/token HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
			strings.TrimPrefix(i.issuer, "http://"), len(form), form[:10])
		return conn
	}
	finishes := begin()
	begin()                            // and hangs
	time.Sleep(200 * time.Millisecond) // both are being read
	signal := func() {
		if err := i.serve.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	signal()
	time.Sleep(200 * time.Millisecond)
	if _, err := net.Dial("tcp", i.listen); err == nil {
		t.Error("it still takes connections")
	}
	fmt.Fprint(finishes, form[10:])
	answer, err := io.ReadAll(finishes)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401") {
		t.Errorf("a request that was under way: got %.40q, %v, want its answer", answer, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- i.serve.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("it ended with a request under way: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	began := time.Now()
	signal()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the second signal did not end it")
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the second signal took %s", took)
	}
	i.serve = nil
	i.start() // nothing of it is in the way of the next one
	began = time.Now()
	i.stop()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("a graceful end took %s, want 20 s at most", took)
	}
}
