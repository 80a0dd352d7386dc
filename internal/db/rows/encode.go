package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The encoding of a row: each value as one letter and what belongs to it. N is NULL, I a
// signed number of eight bytes, T text and B bytes, both after their length in four.
const (
	tagNull  = 'N'
	tagInt   = 'I'
	tagText  = 'T'
	tagBytes = 'B'
)

// ErrMalformed is returned by Decode for what Append did not make.
var ErrMalformed = errors.New("not an encoded row")

// Append adds the encoding of a row. Equal rows have equal encodings, on both engines, so
// they can be compared and hashed.
func Append(to []byte, row []any) ([]byte, error) {
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			to = append(to, tagNull)
		case int64:
			to = binary.BigEndian.AppendUint64(append(to, tagInt), uint64(v))
		case string:
			to = append(binary.BigEndian.AppendUint32(append(to, tagText), uint32(len(v))), v...)
		case []byte:
			to = append(binary.BigEndian.AppendUint32(append(to, tagBytes), uint32(len(v))), v...)
		default:
			return nil, fmt.Errorf("a value is a %T, which no row holds", v)
		}
	}
	return to, nil
}

// Decode reads the encoding of a row of so many columns. It keeps nothing of encoded.
func Decode(encoded []byte, columns int) ([]any, error) {
	if columns > len(encoded) { // each value takes a byte at least
		return nil, ErrMalformed
	}
	row := make([]any, 0, columns)
	for range columns {
		if len(encoded) == 0 {
			return nil, ErrMalformed
		}
		tag := encoded[0]
		encoded = encoded[1:]
		switch tag {
		case tagNull:
			row = append(row, nil)
		case tagInt:
			if len(encoded) < 8 {
				return nil, ErrMalformed
			}
			row = append(row, int64(binary.BigEndian.Uint64(encoded)))
			encoded = encoded[8:]
		case tagText, tagBytes:
			if len(encoded) < 4 || uint64(len(encoded)-4) < uint64(binary.BigEndian.Uint32(encoded)) {
				return nil, ErrMalformed
			}
			end := 4 + int(binary.BigEndian.Uint32(encoded))
			if tag == tagText {
				row = append(row, string(encoded[4:end]))
			} else {
				row = append(row, append([]byte{}, encoded[4:end]...))
			}
			encoded = encoded[end:]
		default:
			return nil, ErrMalformed
		}
	}
	if len(encoded) > 0 {
		return nil, ErrMalformed
	}
	return row, nil
}
