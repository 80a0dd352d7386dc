package browsertest

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// turn is held while a test of this process has a browser.
var turn struct {
	sync.Mutex
	holders int
	file    *os.File
}

// Turn waits until no other test process on this machine has a browser, and keeps it
// so until the test is over: go test runs packages side by side, and two browsers on
// two cores are slow enough to fail. Within one test both browsers may run.
func Turn(t testing.TB) {
	t.Helper()
	turn.Lock()
	defer turn.Unlock()
	if turn.holders == 0 {
		file, err := os.OpenFile(filepath.Join(os.TempDir(), "nod-browser.lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatalf("wait for the turn to run a browser: %v", err)
		}
		turn.file = file
	}
	turn.holders++
	t.Cleanup(func() {
		turn.Lock()
		defer turn.Unlock()
		if turn.holders--; turn.holders == 0 {
			_ = turn.file.Close() // lets go of the lock; the kernel does if the process dies
		}
	})
}
