package browsertest

import (
	"os"
	"testing"
	"time"
)

// Scratch returns an empty folder, gone after the test. Unlike t.TempDir it puts up
// with helper processes of a browser that still write while it is being removed.
func Scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nod-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var err error
		for range 50 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("remove the browser's folder: %v", err)
	})
	return dir
}
