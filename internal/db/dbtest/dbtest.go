// Package dbtest gives tests a real, empty and migrated database of each engine.
// It owns the throw-away PostgreSQL server; everything else belongs to the tests.
package dbtest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/db"
)

// Each runs fn once on a fresh SQLite database and once on a fresh PostgreSQL one.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite opens a fresh SQLite database that is closed with the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "nod.db"))
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
