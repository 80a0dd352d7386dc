// Package dbtest gives tests a real, empty and migrated database of each engine.
// It owns the throw-away PostgreSQL server; everything else belongs to the tests.
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nod-idp/nod/internal/db"
)

// Each runs fn once on a fresh SQLite database and once on a fresh PostgreSQL one.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// EachAddress runs fn with the address of a fresh database of each engine, for tests that
// open it more than once.
func EachAddress(t *testing.T, fn func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, filepath.Join(t.TempDir(), "nod.db")) })
	t.Run("postgres", func(t *testing.T) { fn(t, PostgresURL(t)) })
}

// migrated is the file of a migrated SQLite database, made once for each test
// binary: writing it is quicker than migrating.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "nod-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "nod.db")
	d, err := db.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil { // the last connection moves the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// SQLite opens a fresh SQLite database that is closed with the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	image, err := migrated()
	if err != nil {
		t.Fatalf("migrate a test database: %v", err)
	}
	path := filepath.Join(t.TempDir(), "nod.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// Postgres opens a fresh PostgreSQL database that is closed with the test.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), url)
	if err != nil {
		t.Fatalf("open a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	return d
}
