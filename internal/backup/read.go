package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/seal"
)

// reader reads the frames of one backup and judges their order.
type reader struct {
	from   *bufio.Reader
	key    string
	buffer []byte
}

// open reads as far as the key: a backup under another one is refused here.
func open(from io.Reader, ring *seal.Ring) (*reader, error) {
	start := make([]byte, len(magic)+len(ring.Sealing().Mark()))
	if _, err := io.ReadFull(from, start); err != nil || string(start[:len(magic)]) != magic {
		return nil, ErrNotBackup
	}
	mark := start[len(magic):]
	sealed, err := ring.OpenStream(io.MultiReader(bytes.NewReader(mark), from), purpose)
	if err != nil {
		return nil, wrong(err)
	}
	packed, err := gzip.NewReader(sealed)
	if err != nil {
		return nil, cut(err)
	}
	r := of(packed)
	r.key = fmt.Sprintf("%x", mark[1:])
	return r, nil
}

func of(opened io.Reader) *reader { return &reader{from: bufio.NewReaderSize(opened, 64<<10)} }

func (r *reader) next() (kind byte, body []byte, err error) {
	kind, body, err = readFrame(r.from, r.buffer)
	if err == nil {
		r.buffer = body
	}
	return kind, body, err
}

// visitor is given what a backup holds, in its order. Rows may be used until the next.
type visitor struct {
	// table is given a table before its rows.
	table func(t table) error
	row   func(row []any) error
	end   func() error
}

// walk reads a whole backup: every frame in its place, every hash and every number right,
// and nothing after the end.
func (r *reader) walk(v visitor) (s Summary, err error) {
	s.Key = r.key
	if err := r.expect(frameHead, &s.Head); err != nil {
		return s, err
	}
	for {
		kind, body, err := r.next()
		switch {
		case err != nil:
			return s, err
		case kind == frameLast:
			return s, r.finish(body, s)
		case kind != frameTable:
			return s, ErrDamaged
		}
		var t table
		if err := json.Unmarshal(body, &t); err != nil {
			return s, ErrDamaged
		}
		n, err := r.table(t, v)
		if err != nil {
			return s, err
		}
		s.Tables, s.Rows = s.Tables+1, s.Rows+n
	}
}

func (r *reader) table(t table, v visitor) (n int64, err error) {
	if err := v.table(t); err != nil {
		return 0, err
	}
	sum := sha256.New()
	for {
		kind, body, err := r.next()
		switch {
		case err != nil:
			return n, err
		case kind == frameEnd:
			if err := match(body, n, sum); err != nil {
				return n, fmt.Errorf("table %s: %w", t.Name, err)
			}
			return n, v.end()
		case kind != frameRow:
			return n, ErrDamaged
		}
		sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
		sum.Write(body)
		row, err := rows.Decode(body, len(t.Columns))
		if err != nil {
			return n, fmt.Errorf("table %s, row %d: %w", t.Name, n+1, ErrDamaged)
		}
		if err := v.row(row); err != nil {
			return n, err
		}
		n++
	}
}

func match(body []byte, n int64, sum hash.Hash) error {
	var e end
	if json.Unmarshal(body, &e) != nil || e.Rows != n || !bytes.Equal(e.SHA256, sum.Sum(nil)) {
		return ErrDamaged
	}
	return nil
}

func (r *reader) finish(body []byte, s Summary) error {
	var l last
	if json.Unmarshal(body, &l) != nil || l.Tables != s.Tables || l.Rows != s.Rows {
		return ErrDamaged
	}
	if _, err := r.from.ReadByte(); err != io.EOF {
		if err == nil {
			return ErrDamaged
		}
		return cut(err)
	}
	return nil
}

func (r *reader) expect(kind byte, value any) error {
	got, body, err := r.next()
	if err != nil {
		return err
	}
	if got != kind || json.Unmarshal(body, value) != nil {
		return ErrDamaged
	}
	return nil
}
