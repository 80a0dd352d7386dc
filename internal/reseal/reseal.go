// Package reseal moves everything that is sealed from one sealing key to another, while
// servers run. It owns the search for what is sealed and the order of the steps. How a
// value is sealed is left to internal/seal, and the key file to the command.
//
// It knows no list of sealed columns: it looks at every column of bytes for values that
// begin with the mark of an old key. What it relies on is that the place of a sealed value
// is its table, its primary key and its column, which a test holds every room to.
//
// It keeps no record of how far it came: what is still under an old key is what is left to
// do. So it may be stopped anywhere and started again.
package reseal

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/seal"
)

// Job seals anew what is not under the key that the box seals with.
type Job struct {
	DB       *db.DB
	Box      *seal.Box
	Progress func(what string, rows, of int64) // nil for none
}

// batch is how many values are written in one transaction: others wait that long.
const batch = 100

// Pass looks at every table once and returns how many values it sealed anew. Values that
// others write meanwhile may need another pass; only one that returns 0 has found nothing
// under an old key.
func (j *Job) Pass(ctx context.Context) (n int64, err error) {
	var all []rows.Table
	err = j.DB.Snapshot(ctx, func(s *db.Snapshot) (err error) {
		all, err = rows.Tables(s)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reseal: %w", err)
	}
	for _, mark := range j.Box.Ring().OldMarks() {
		for _, t := range all {
			for _, c := range t.Columns {
				if c.Kind != rows.Bytes {
					continue
				}
				more, err := j.column(ctx, t, c.Name, mark)
				n += more
				if err != nil {
					return n, fmt.Errorf("reseal %s.%s: %w", t.Name, c.Name, err)
				}
			}
		}
	}
	return n, nil
}

func (j *Job) column(ctx context.Context, t rows.Table, column string, mark []byte) (n int64, err error) {
	for after := any(nil); ; {
		cells, err := t.Beginning(ctx, j.DB, column, mark, after, batch)
		if err != nil || len(cells) == 0 {
			return n, err
		}
		fresh := make([][]byte, len(cells))
		for i, c := range cells {
			at := seal.Place{Table: t.Name, Row: c.Row(), Column: column}
			plain, err := j.Box.Open(at, c.Value)
			if err != nil {
				return n, fmt.Errorf("row %s: %w", c.Row(), err)
			}
			fresh[i] = j.Box.Seal(at, plain)
		}
		var swapped int64
		err = j.DB.Write(ctx, func(tx *db.Tx) error {
			swapped = 0
			for i, c := range cells {
				done, err := t.SwapTx(tx, column, c, fresh[i])
				if err != nil {
					return err
				}
				if done { // otherwise somebody else has just written another value
					swapped++
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += swapped
		if j.Progress != nil {
			j.Progress(t.Name, n, 0)
		}
		after = cells[len(cells)-1].Key
	}
}
