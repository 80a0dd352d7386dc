package rows

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/internal/db"
)

// ErrNotEmpty is returned by Copy for a target that holds something.
var ErrNotEmpty = errors.New("the target holds an installation already")

// ErrDiffers is returned by Copy when what arrived is not what was sent. The target is
// empty again then.
var ErrDiffers = errors.New("what arrived differs from what was sent")

// Copied is what became of one table.
type Copied struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// sum stands for all rows of a table in their order.
type sum struct {
	rows int64
	hash []byte
}

// Copy moves one state of all rows of from into to, which is empty and of the same
// schema, in one transaction, and reads both again to compare them row by row. done is
// told of each table once it was compared.
func Copy(ctx context.Context, from, to *db.DB, done func(Copied)) error {
	return from.Snapshot(ctx, func(source *db.Snapshot) error {
		tables, err := Tables(source)
		if err != nil {
			return err
		}
		if err := empty(ctx, to, tables); err != nil {
			return err
		}
		sent := make([]sum, len(tables))
		err = to.Write(ctx, func(tx *db.Tx) error {
			target, err := Tables(tx)
			if err != nil {
				return err
			}
			if err := EmptyTx(tx, target); err != nil { // of what migrations put there
				return err
			}
			for i, t := range tables {
				j := slices.IndexFunc(target, func(other Table) bool { return other.Name == t.Name })
				if j < 0 || !slices.Equal(names(target[j]), names(t)) {
					return fmt.Errorf("table %s: the target has another schema", t.Name)
				}
				if sent[i], err = pour(source, t, tx, target[j]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := compare(ctx, to, tables, sent, done); err != nil {
			clear := to.Write(ctx, func(tx *db.Tx) error { return EmptyTx(tx, tables) })
			return errors.Join(err, clear)
		}
		return nil
	})
}

func names(t Table) (all []string) {
	for _, c := range t.Columns {
		all = append(all, c.Name)
	}
	return all
}

// empty refuses a target in which somebody has begun: an instance is the first row there is.
func empty(ctx context.Context, to *db.DB, tables []Table) error {
	return to.Snapshot(ctx, func(s *db.Snapshot) error {
		for _, t := range tables {
			if t.Name == "versions" || t.Name == "leases" { // counters, and who migrated
				continue
			}
			if n, err := t.Count(s); err != nil || n > 0 {
				return errors.Join(err, fmt.Errorf("%w: table %s has %d rows", ErrNotEmpty, t.Name, n))
			}
		}
		return nil
	})
}

// pour writes every row of one table into another.
func pour(source *db.Snapshot, t Table, tx *db.Tx, target Table) (s sum, err error) {
	hash := sha256.New()
	var batch [][]any
	var encoded []byte
	err = t.Read(source, func(row []any) error {
		if encoded, err = Append(encoded[:0], row); err != nil {
			return err
		}
		hash.Write(encoded)
		s.rows++
		if batch = append(batch, row); len(batch) < target.Batch() {
			return nil
		}
		full := batch
		batch = nil
		return target.WriteTx(tx, full)
	})
	if err == nil {
		err = target.WriteTx(tx, batch)
	}
	s.hash = hash.Sum(nil)
	return s, err
}

func compare(ctx context.Context, to *db.DB, tables []Table, sent []sum, done func(Copied)) error {
	return to.Snapshot(ctx, func(s *db.Snapshot) error {
		arrived, err := Tables(s)
		if err != nil {
			return err
		}
		for i, t := range tables {
			j := slices.IndexFunc(arrived, func(other Table) bool { return other.Name == t.Name })
			got, err := arrived[j].sum(s)
			if err != nil {
				return err
			}
			if got.rows != sent[i].rows || !bytes.Equal(got.hash, sent[i].hash) {
				return fmt.Errorf("%w: table %s, %d rows sent and %d there", ErrDiffers, t.Name, sent[i].rows, got.rows)
			}
			done(Copied{t.Name, got.rows})
		}
		return nil
	})
}

func (t Table) sum(s *db.Snapshot) (all sum, err error) {
	hash := sha256.New()
	var encoded []byte
	err = t.Read(s, func(row []any) error {
		if encoded, err = Append(encoded[:0], row); err != nil {
			return err
		}
		hash.Write(encoded)
		all.rows++
		return nil
	})
	all.hash = hash.Sum(nil)
	return all, err
}
