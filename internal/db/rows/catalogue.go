package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nod-idp/nod/internal/db"
)

// Reader is what the catalogue is read through: a *db.Snapshot or a *db.Tx.
type Reader interface {
	Engine() db.Engine
	Select(dest any, query string, args ...any) error
}

// Tables returns all tables of the schema but the one that says which migrations were
// applied, and but those of other programs, which begin with an underscore as Litestream's
// do: a table after those that it refers to and otherwise by name.
func Tables(r Reader) ([]Table, error) {
	query := sqliteColumns
	if r.Engine() == db.Postgres {
		query = postgresColumns
	}
	var columns []struct {
		Table string `db:"tab"`
		Name  string `db:"col"`
		Type  string
		Key   int
	}
	if err := r.Select(&columns, query); err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	var all []Table
	keys := map[int]string{}
	for i, c := range columns {
		if i == 0 || columns[i-1].Table != c.Table {
			all, keys = append(all, Table{Name: c.Table}), map[int]string{}
		}
		t := &all[len(all)-1]
		kind, ok := kinds[strings.ToLower(c.Type)]
		if !ok {
			return nil, fmt.Errorf("column %s.%s is a %s, which no row holds", c.Table, c.Name, c.Type)
		}
		t.Columns = append(t.Columns, Column{c.Name, kind})
		if c.Key > 0 {
			keys[c.Key] = c.Name
		}
		if last := i+1 == len(columns) || columns[i+1].Table != c.Table; last {
			for n := 1; keys[n] != ""; n++ {
				t.Key = append(t.Key, keys[n])
			}
			if len(t.Key) == 0 {
				return nil, fmt.Errorf("table %s has no primary key", c.Table)
			}
		}
	}
	if err := refer(r, all); err != nil {
		return nil, err
	}
	return sorted(all)
}

var kinds = map[string]Kind{
	"integer": Integer, "bigint": Integer, "text": Text, "blob": Bytes, "bytea": Bytes, "boolean": Truth,
}

// Columns in the order of their tables and of themselves; key is a column's place in the
// primary key, counted from 1, and 0 for the others.
const (
	sqliteColumns = `SELECT m.name AS tab, c.name AS col, c.type AS type, c.pk AS key
		FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND m.name <> 'schema_migrations' AND substr(m.name, 1, 1) <> '_'
		ORDER BY m.name, c.cid`
	postgresColumns = `SELECT c.relname AS tab, a.attname AS col, format_type(a.atttypid, NULL) AS type,
			coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1 AS key
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
		WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'schema_migrations' AND left(c.relname, 1) <> '_'
		ORDER BY c.relname COLLATE "C", a.attnum`
)

const (
	sqliteReferences = `SELECT DISTINCT m.name AS tab, f."table" AS other
		FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	postgresReferences = `SELECT DISTINCT c.conrelid::regclass::text AS tab, c.confrelid::regclass::text AS other
		FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace`
)

func refer(r Reader, all []Table) error {
	query := sqliteReferences
	if r.Engine() == db.Postgres {
		query = postgresReferences
	}
	var references []struct {
		Table string `db:"tab"`
		Other string
	}
	if err := r.Select(&references, query); err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	for _, f := range references {
		for i := range all {
			if all[i].Name == strings.Trim(f.Table, `"`) {
				all[i].refers = append(all[i].refers, strings.Trim(f.Other, `"`))
			}
		}
	}
	return nil
}

// sorted puts every table after those that it refers to.
func sorted(all []Table) ([]Table, error) {
	done := map[string]bool{}
	var order []Table
	for len(order) < len(all) {
		before := len(order)
		for _, t := range all {
			ready := !slices.ContainsFunc(t.refers, func(other string) bool { return !done[other] })
			if ready && !done[t.Name] {
				done[t.Name] = true
				order = append(order, t)
			}
		}
		if len(order) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle")
		}
	}
	return order, nil
}
