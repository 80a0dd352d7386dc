package dbtest

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/migrations"
)

// Dump writes every row of a PostgreSQL database as SQL, the list of its migrations
// included. Dumped makes a database of it again.
func Dump(t testing.TB, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	err := d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		tables, err := rows.Tables(s)
		if err != nil {
			return err
		}
		tables = append(tables, rows.Table{Name: "schema_migrations", Key: []string{"number"}, Columns: []rows.Column{
			{Name: "number", Kind: rows.Integer}, {Name: "name", Kind: rows.Text},
			{Name: "checksum", Kind: rows.Text}, {Name: "applied_at", Kind: rows.Integer},
		}})
		for _, table := range tables { // what migrations put there comes from the dump
			fmt.Fprintf(&out, "TRUNCATE %s CASCADE;\n", table.Name)
		}
		for _, table := range tables {
			if err := dumpTable(&out, s, table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	return out.String()
}

func dumpTable(out *strings.Builder, s *db.Snapshot, table rows.Table) error {
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	return table.Read(s, func(row []any) error {
		var values []string
		for i, v := range row {
			values = append(values, literal(v, table.Columns[i].Kind))
		}
		fmt.Fprintf(out, "INSERT INTO %s (%s) VALUES (%s);\n", table.Name, strings.Join(names, ", "), strings.Join(values, ", "))
		return nil
	})
}

func literal(v any, kind rows.Kind) string {
	switch v := v.(type) {
	case int64:
		if kind == rows.Truth {
			return strconv.FormatBool(v != 0)
		}
		return strconv.FormatInt(v, 10)
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []byte:
		return `'\x` + hex.EncodeToString(v) + "'"
	}
	return "NULL"
}

// Dumped creates a PostgreSQL database of the first migrations, fills it with a dump and
// returns its address. It is dropped with the test.
func Dumped(t testing.TB, first int, dump string) string {
	t.Helper()
	address := emptyPostgres(t, "")
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	texts := []string{`CREATE TABLE schema_migrations (
		number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`}
	paths, err := fs.Glob(migrations.Files, "postgres/*.sql")
	if err != nil || len(paths) < first {
		t.Fatalf("got %d migrations, %v, want %d", len(paths), err, first)
	}
	for _, path := range paths[:first] {
		text, err := fs.ReadFile(migrations.Files, path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for _, text := range append(texts, dump) {
		if _, err := conn.PgConn().Exec(context.Background(), text).ReadAll(); err != nil {
			t.Fatalf("fill a database of old: %v", err)
		}
	}
	return address
}
