package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/random"
)

// part is what goes into one table.
type part struct {
	table rows.Table
	rows  [][]any
}

// record is one row with the names of its columns.
type record struct {
	table  rows.Table
	values []any
}

// find returns a table, with no rows yet, and its row in which a column is as told.
func find(s *db.Snapshot, tables []rows.Table, table, column, is string) (p part, row record, err error) {
	i := slices.IndexFunc(tables, func(t rows.Table) bool { return t.Name == table })
	if i < 0 {
		return p, row, fmt.Errorf("there is no table %s", table)
	}
	p.table = tables[i]
	err = p.table.Read(s, func(values []any) error {
		if r := (record{p.table, values}); r.text(column) == is {
			row = r
		}
		return nil
	})
	if err == nil && row.values == nil {
		err = fmt.Errorf("there is no row in %s", table)
	}
	return p, row, err
}

func (r record) at(column string) int {
	return slices.IndexFunc(r.table.Columns, func(c rows.Column) bool { return c.Name == column })
}

func (r record) text(column string) string {
	text, _ := r.values[r.at(column)].(string)
	return text
}

// with is a copy in which some values are others.
func (r record) with(others map[string]any) []any {
	values := slices.Clone(r.values)
	for column, v := range others {
		values[r.at(column)] = v
	}
	return values
}

// put writes rows into their tables.
func put(ctx context.Context, d *db.DB, parts ...part) error {
	for _, part := range parts {
		for batch := range slices.Chunk(part.rows, part.table.Batch()*8) {
			if err := d.Write(ctx, func(tx *db.Tx) error { return part.table.WriteTx(tx, batch) }); err != nil {
				return fmt.Errorf("put copies into %s: %w", part.table.Name, err)
			}
		}
	}
	return nil
}

// another is what differs between people who are copies of one. They have no password.
func another(id, name string) map[string]any {
	return map[string]any{"id": id, "name": name, "name_key": name, "email_key": nil, "password_hash": nil}
}

// populate puts people into the database, copies of the first worker's.
func (t *target) populate(ctx context.Context, n int) (err error) {
	d, err := db.Open(ctx, t.databaseURL())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var users part
	err = d.Snapshot(ctx, func(s *db.Snapshot) error {
		tables, err := rows.Tables(s)
		if err != nil {
			return err
		}
		var model record
		if users, model, err = find(s, tables, "users", "name", person(0)); err != nil {
			return err
		}
		for i := range n {
			users.rows = append(users.rows, model.with(another(random.ID("usr"), fmt.Sprintf("lives%07d", i))))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return put(ctx, d, users)
}
