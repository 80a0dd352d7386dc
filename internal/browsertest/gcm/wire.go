package gcm

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// A message of the protocol is a protocol buffer of a few fields, so this file has as
// much of that format as they need: numbers, 64-bit words and strings of bytes.

const (
	varint  = 0
	fixed64 = 1
	bytes   = 2
	fixed32 = 5
)

// An encoder appends fields to a message.
type encoder []byte

func (e encoder) number(field int, v uint64) encoder {
	return binary.AppendUvarint(binary.AppendUvarint(e, uint64(field<<3|varint)), v)
}

func (e encoder) word(field int, v uint64) encoder {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(e, uint64(field<<3|fixed64)), v)
}

func (e encoder) text(field int, v string) encoder {
	e = binary.AppendUvarint(e, uint64(field<<3|bytes))
	return append(binary.AppendUvarint(e, uint64(len(v))), v...)
}

// fields walks through a message and calls visit with each field's number and its
// value: a number, or a string of bytes.
func fields(message []byte, visit func(field int, number uint64, text string)) error {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 {
			return io.ErrUnexpectedEOF
		}
		message = message[n:]
		v, n := binary.Uvarint(message)
		size, text := n, ""
		switch key & 7 {
		case varint:
		case fixed64:
			size = 8
		case fixed32:
			size = 4
		case bytes:
			if n <= 0 || v > uint64(len(message)-n) {
				return io.ErrUnexpectedEOF
			}
			size = n + int(v)
			text = string(message[n:size])
		default:
			return fmt.Errorf("wire type %d", key&7)
		}
		if size <= 0 || size > len(message) {
			return io.ErrUnexpectedEOF
		}
		visit(int(key>>3), v, text)
		message = message[size:]
	}
	return nil
}

// frame returns a message as it goes over the connection: its tag, its size, itself.
func frame(tag byte, message encoder) []byte {
	return append(binary.AppendUvarint([]byte{tag}, uint64(len(message))), message...)
}

// maxFrame bounds what is read: a login with many received messages is a few kB.
const maxFrame = 1 << 20

func readFrame(r *bufio.Reader) (tag byte, message []byte, err error) {
	if tag, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, nil, err
	}
	if size > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	message = make([]byte, size)
	_, err = io.ReadFull(r, message)
	return tag, message, err
}
