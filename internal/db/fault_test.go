package db_test

import (
	"errors"
	"testing"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// grow writes more and more until it fails.
func grow(t *testing.T, d *db.DB) (err error) {
	for range 200 {
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO versions (name, version) VALUES (hex(randomblob(8000)), 1)")
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAFullDiskIsToldFromOtherFaultsAndIsOverWhenThereIsRoom(t *testing.T) {
	d := dbtest.SQLite(t)
	limit := func(pragma string) {
		err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(pragma); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("PRAGMA max_page_count = 1")
	if err := grow(t, d); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("full: got %v, want ErrUnavailable", err)
	}
	var n int
	if err := d.Get(t.Context(), &n, "SELECT count(*) FROM versions"); err != nil || n == 0 {
		t.Errorf("reading meanwhile: got %d, %v", n, err)
	}
	limit("PRAGMA max_page_count = 1000000")
	if err := grow(t, d); err != nil {
		t.Errorf("with room again: %v", err)
	}
	limit("PRAGMA query_only = ON")
	if err := grow(t, d); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("read-only: got %v, want ErrUnavailable", err)
	}
}
