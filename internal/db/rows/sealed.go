package rows

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/db"
)

// Cell is one value of a table that has one column as its key.
type Cell struct {
	Key   any    `db:"k"` // a string or an int64
	Value []byte `db:"v"`
}

// Row is the key as text.
func (c Cell) Row() string { return fmt.Sprint(c.Key) }

// Beginning returns values of a column of bytes that begin with mark, by the order of their
// keys: those after a key, nil for the first, and at most limit of them.
func (t Table) Beginning(ctx context.Context, d *db.DB, column string, mark []byte, after any, limit int) (cells []Cell, err error) {
	if len(t.Key) != 1 {
		var n int
		err = d.Get(ctx, &n, "SELECT count(*) FROM "+quote(t.Name)+" WHERE substr("+quote(column)+", 1, $1) = $2", len(mark), mark)
		if err == nil && n > 0 {
			err = fmt.Errorf("%s.%s holds sealed values, and no single column is its key", t.Name, column)
		}
		return nil, err
	}
	key := quote(t.Key[0])
	query := "SELECT " + key + " AS k, " + quote(column) + " AS v FROM " + quote(t.Name) +
		" WHERE substr(" + quote(column) + ", 1, $1) = $2"
	args := []any{len(mark), mark, limit}
	if after != nil {
		query += " AND " + key + " > $4"
		args = append(args, after)
	}
	err = d.Select(ctx, &cells, query+" ORDER BY "+key+" LIMIT $3", args...)
	return cells, err
}

// SwapTx puts a value in the place of another one, and reports whether that one was still
// there.
func (t Table) SwapTx(tx *db.Tx, column string, cell Cell, to []byte) (bool, error) {
	n, err := tx.Exec("UPDATE "+quote(t.Name)+" SET "+quote(column)+" = $1 WHERE "+quote(t.Key[0])+" = $2 AND "+quote(column)+" = $3",
		to, cell.Key, cell.Value)
	return n == 1, err
}
