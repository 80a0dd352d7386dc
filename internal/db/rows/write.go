package rows

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nod-idp/nod/internal/db"
)

// mostParameters bounds one statement; the engines allow 32,766 and 65,535.
const mostParameters = 2000

// Batch is how many rows WriteTx puts into one statement. More than that may be given to
// it at once.
func (t Table) Batch() int { return max(1, mostParameters/len(t.Columns)) }

// WriteTx inserts rows.
func (t Table) WriteTx(tx *db.Tx, rows [][]any) error {
	for len(rows) > 0 {
		n := 1
		if len(rows) >= t.Batch() {
			n = t.Batch()
		}
		var values []any
		for _, row := range rows[:n] {
			if len(row) != len(t.Columns) {
				return fmt.Errorf("write table %s: a row has %d values, the table %d columns", t.Name, len(row), len(t.Columns))
			}
			for i, v := range row {
				if number, ok := v.(int64); ok && t.Columns[i].Kind == Truth {
					v = number != 0
				}
				values = append(values, v)
			}
		}
		if _, err := tx.Exec(t.insert(n), values...); err != nil {
			return fmt.Errorf("write table %s: %w", t.Name, err)
		}
		rows = rows[n:]
	}
	return nil
}

// insert is the statement for n rows.
func (t Table) insert(n int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + quote(t.Name) + " (" + t.names() + ") VALUES ")
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		for j := range t.Columns {
			s.WriteString([]string{"(", ", "}[min(j, 1)])
			s.WriteString("$" + strconv.Itoa(i*len(t.Columns)+j+1))
		}
		s.WriteString(")")
	}
	return s.String()
}

// EmptyTx deletes every row of the tables, which are in the order that Tables returns. On
// PostgreSQL it also waits for everybody who uses one of them.
func EmptyTx(tx *db.Tx, all []Table) error {
	if tx.Engine() == db.Postgres {
		names := make([]string, len(all))
		for i, t := range all {
			names[i] = quote(t.Name)
		}
		_, err := tx.Exec("TRUNCATE " + strings.Join(names, ", "))
		return err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if _, err := tx.Exec("DELETE FROM " + quote(all[i].Name)); err != nil {
			return fmt.Errorf("empty table %s: %w", all[i].Name, err)
		}
	}
	return nil
}
