package backup

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

// Writer takes backups of one installation, while it is served.
type Writer struct {
	DB       *db.DB
	Ring     *seal.Ring
	Nod      string // the version of this binary
	Now      func() time.Time
	Progress Progress
}

// Write writes a backup of the state at this moment. Before it reads a row it has the
// engine look for damage.
func (w *Writer) Write(ctx context.Context, to io.Writer) (s Summary, err error) {
	counted := &counter{to: to}
	if _, err := io.WriteString(counted, magic); err != nil {
		return s, fmt.Errorf("write a backup: %w", err)
	}
	sealed, err := w.Ring.SealStream(counted, purpose)
	if err != nil {
		return s, fmt.Errorf("write a backup: %w", err)
	}
	packed, err := gzip.NewWriterLevel(sealed, gzip.BestSpeed)
	if err != nil {
		return s, err
	}
	s.Key = w.Ring.Sealing().ID()
	err = w.DB.Snapshot(ctx, func(snap *db.Snapshot) error {
		if err := snap.Integrity(); err != nil {
			return err
		}
		return w.all(snap, packed, &s)
	})
	if err = errors.Join(err, packed.Close(), sealed.Close()); err != nil {
		return s, fmt.Errorf("write a backup: %w", err)
	}
	s.Bytes = counted.n
	return s, nil
}

func (w *Writer) all(snap *db.Snapshot, to io.Writer, s *Summary) (err error) {
	s.MadeAt, s.Nod, s.Engine = w.now().UTC().Truncate(time.Millisecond), w.Nod, string(snap.Engine())
	if s.Instance, s.Epoch, err = instance.In(snap); err != nil {
		return err
	}
	if s.Migration, err = snap.Migration(); err != nil {
		return err
	}
	if err := writeJSON(to, frameHead, s.Head); err != nil {
		return err
	}
	tables, err := rows.Tables(snap)
	if err != nil {
		return err
	}
	for _, t := range tables {
		failpoint.Hit(failpoint.BackupUnfinished)
		n, err := w.table(snap, t, to)
		if err != nil {
			return err
		}
		s.Tables, s.Rows = s.Tables+1, s.Rows+n
	}
	return writeJSON(to, frameLast, last{s.Tables, s.Rows})
}

func (w *Writer) table(snap *db.Snapshot, t rows.Table, to io.Writer) (n int64, err error) {
	of, err := t.Count(snap)
	if err != nil {
		return 0, err
	}
	if err := writeJSON(to, frameTable, describe(t, of)); err != nil {
		return 0, err
	}
	hash := sha256.New()
	var encoded []byte
	err = t.Read(snap, func(row []any) (err error) {
		if encoded, err = rows.Append(encoded[:0], row); err != nil {
			return err
		}
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(len(encoded))))
		hash.Write(encoded)
		if n++; n%told == 0 {
			w.Progress.tell(t.Name, n, of)
		}
		return writeFrame(to, frameRow, encoded)
	})
	if err != nil {
		return n, err
	}
	w.Progress.tell(t.Name, n, of)
	return n, writeJSON(to, frameEnd, end{n, hash.Sum(nil)})
}

func describe(t rows.Table, of int64) table {
	d := table{Name: t.Name, Rows: of}
	for _, c := range t.Columns {
		kind := c.Kind
		if kind == rows.Truth { // SQLite keeps it as a number, and so does the encoding
			kind = rows.Integer
		}
		d.Columns = append(d.Columns, column{c.Name, string(kind)})
	}
	return d
}

func (w *Writer) now() time.Time {
	if w.Now == nil {
		return time.Now()
	}
	return w.Now()
}

// counter counts what passes.
type counter struct {
	to io.Writer
	n  int64
}

// Write passes it on.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
