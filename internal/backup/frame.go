package backup

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// What stands in a backup once it is opened and unpacked: frames, each a letter, the
// length of what follows in four bytes, and that. H is the head, T begins a table, R is a
// row of it, E ends it, Z ends all. Everything but rows is JSON.
const (
	frameHead  = 'H'
	frameTable = 'T'
	frameRow   = 'R'
	frameEnd   = 'E'
	frameLast  = 'Z'
)

// longestFrame is far more than any row holds.
const longestFrame = 64 << 20

// column and table are how a table is described.
type column struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type table struct {
	Name    string   `json:"name"`
	Columns []column `json:"columns"`
	Rows    int64    `json:"rows"` // as counted before they are read
}

// end is what a table turned out to hold: SHA-256 over its rows, each with its length.
type end struct {
	Rows   int64  `json:"rows"`
	SHA256 []byte `json:"sha256"`
}

type last struct {
	Tables int   `json:"tables"`
	Rows   int64 `json:"rows"`
}

func writeFrame(w io.Writer, kind byte, body []byte) error {
	if len(body) > longestFrame {
		return fmt.Errorf("a row of %d bytes is too long for a backup", len(body))
	}
	if _, err := w.Write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)))); err != nil {
		return err
	}
	_, err := w.Write(body)
	return err
}

func writeJSON(w io.Writer, kind byte, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, body)
}

// readFrame reads into buffer, which grows as what is read does: a length alone makes
// nobody allocate.
func readFrame(r *bufio.Reader, buffer []byte) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, cut(err)
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > longestFrame {
		return 0, nil, ErrDamaged
	}
	const step = 1 << 20
	body = buffer[:0]
	for left := int(n); left > 0; {
		part := min(left, step)
		at := len(body)
		body = append(body, make([]byte, part)...)
		if _, err := io.ReadFull(r, body[at:]); err != nil {
			return 0, nil, cut(err)
		}
		left -= part
	}
	return head[0], body, nil
}

// cut says that a frame which ends too early is damage.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrDamaged
	}
	return wrong(err)
}
