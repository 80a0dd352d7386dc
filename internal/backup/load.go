package backup

import (
	"fmt"
	"os"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/seal"
)

// File is a backup that lies somewhere.
type File struct {
	Path     string
	Ring     *seal.Ring
	Progress Progress
}

// Check reads the whole file and judges it, without a database: it is sealed under a key
// of the ring, nothing of it is missing or altered, and it is well formed.
func (f *File) Check() (Summary, error) {
	return f.walk(nobody())
}

// nobody looks at nothing.
func nobody() visitor {
	return visitor{table: func(table) error { return nil }, row: func([]any) error { return nil }, end: func() error { return nil }}
}

func (f *File) walk(v visitor) (s Summary, err error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return s, err
	}
	defer file.Close()
	r, err := open(file, f.Ring)
	if err != nil {
		return s, fmt.Errorf("%s: %w", f.Path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return s, err
	}
	if s, err = r.walk(v); err != nil {
		return s, fmt.Errorf("%s: %w", f.Path, err)
	}
	s.Bytes = info.Size()
	return s, nil
}

// FillTx writes the rows of the backup into tables that have the schema of its head.
func (f *File) FillTx(tx *db.Tx) (Summary, error) {
	all, err := rows.Tables(tx)
	if err != nil {
		return Summary{}, err
	}
	if err := rows.EmptyTx(tx, all); err != nil { // of what migrations put into them
		return Summary{}, err
	}
	there := map[string]rows.Table{}
	for _, t := range all {
		there[t.Name] = t
	}
	l := &loader{tx: tx, there: there, progress: f.Progress}
	s, err := f.walk(visitor{table: l.begin, row: l.add, end: l.end})
	if err == nil && len(l.there) > 0 {
		for name := range l.there {
			err = fmt.Errorf("%w: it lacks the table %s", ErrDamaged, name)
		}
	}
	return s, err
}

// loader writes rows in batches.
type loader struct {
	tx       *db.Tx
	there    map[string]rows.Table // that have not come yet
	progress Progress
	into     rows.Table
	batch    [][]any
	done, of int64
}

func (l *loader) begin(t table) error {
	into, ok := l.there[t.Name]
	if !ok {
		return fmt.Errorf("%w: it has a table %q that its schema lacks", ErrDamaged, t.Name)
	}
	delete(l.there, t.Name)
	failpoint.Hit(failpoint.RestoreUnfinished)
	// Columns that a later migration added may stand in another order than the engine's.
	columns := make([]rows.Column, len(t.Columns))
	for i, c := range t.Columns {
		for _, known := range into.Columns {
			if known.Name == c.Name {
				columns[i] = known
			}
		}
		if columns[i].Name == "" {
			return fmt.Errorf("%w: it has a column %s.%q that its schema lacks", ErrDamaged, t.Name, c.Name)
		}
	}
	if len(columns) != len(into.Columns) {
		return fmt.Errorf("%w: the table %s has %d columns, its schema %d", ErrDamaged, t.Name, len(columns), len(into.Columns))
	}
	into.Columns = columns
	l.into, l.done, l.of = into, 0, t.Rows
	return nil
}

func (l *loader) add(row []any) error {
	l.batch = append(l.batch, row)
	if len(l.batch) < l.into.Batch() {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() error {
	if err := l.into.WriteTx(l.tx, l.batch); err != nil {
		return err
	}
	l.done += int64(len(l.batch))
	l.batch = l.batch[:0]
	l.progress.tell(l.into.Name, l.done, l.of)
	return nil
}

func (l *loader) end() error { return l.flush() }
