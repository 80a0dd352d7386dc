package db_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/db"
)

// A write-ahead log that is left behind holds the latest changes: a copy of the file alone
// would lack them.
func TestClosingFoldsTheLogIntoTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.db")
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	var n int
	if err := d.Get(t.Context(), &n, "SELECT count(*) FROM versions"); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(path + "-*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
