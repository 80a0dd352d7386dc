// Package rows reads and writes every row of every table, for backups and for moving
// from one engine to the other. It takes the tables from the engine's own catalogue, so
// that none can be forgotten, and gives values a form that is the same on both engines.
// What rows mean is left to the rooms, and how they are kept to the caller.
//
// It is the one place where statements are put together from strings: from names in
// the catalogue, which migrations wrote, and never from anything that came from outside.
//
// Words: a row is the values of a table's columns, in the columns' order, each nil,
// int64, string or []byte. A truth value is 0 or 1.
package rows

import (
	"fmt"
	"strings"

	"github.com/nod-idp/nod/internal/db"
)

// Table is one table of the schema.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the columns of the primary key
	refers  []string // tables that it refers to
}

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Kind says what a column holds.
type Kind string

// The kinds there are. A truth value is Integer on SQLite and Truth on PostgreSQL.
const (
	Integer Kind = "integer"
	Text    Kind = "text"
	Bytes   Kind = "bytes"
	Truth   Kind = "truth"
)

// Read gives each every row of the table, in the order of its primary key, which is the
// same on both engines. The row belongs to each.
func (t Table) Read(s *db.Snapshot, each func(row []any) error) error {
	order := make([]string, len(t.Key))
	for i, name := range t.Key {
		order[i] = quote(name)
		if s.Engine() == db.Postgres && t.kind(name) == Text {
			order[i] += ` COLLATE "C"` // by bytes, as SQLite does
		}
	}
	query := "SELECT " + t.names() + " FROM " + quote(t.Name) + " ORDER BY " + strings.Join(order, ", ")
	err := s.Each(func(values []any) error {
		for i, v := range values {
			plain, err := plain(v)
			if err != nil {
				return fmt.Errorf("column %s: %w", t.Columns[i].Name, err)
			}
			values[i] = plain
		}
		return each(values)
	}, query)
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.Name, err)
	}
	return nil
}

// Count returns how many rows the table has.
func (t Table) Count(s *db.Snapshot) (n int64, err error) {
	err = s.Get(&n, "SELECT count(*) FROM "+quote(t.Name))
	return n, err
}

func (t Table) names() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}

func (t Table) kind(name string) Kind {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Kind
		}
	}
	return ""
}

// plain turns what a driver made of a value into what a row holds.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, string:
		return v, nil
	case []byte:
		if v == nil { // what a driver may make of no bytes, which are not NULL
			return []byte{}, nil
		}
		return v, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	}
	return nil, fmt.Errorf("a value is a %T, which no row holds", v)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
