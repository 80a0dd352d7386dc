package seal

import (
	"bufio"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A sealed stream is: version ‖ key id ‖ salt, and then chunks of 64 KiB, each with its
// tag. The key of a stream is derived from the sealing key by HKDF-SHA256 (RFC 5869) with
// the salt; the nonce of a chunk is its number, and whether it is the last. So chunks
// cannot be left out, repeated, exchanged or cut off: the STREAM construction of Hoang,
// Reyhanitabar, Rogaway and Vizár.
const (
	saltBytes  = 32
	headBytes  = 1 + idBytes + saltBytes
	chunkBytes = 64 << 10
)

type streamCipher struct {
	aead   cipher.AEAD
	number uint64
}

func newStreamCipher(k *Key, salt []byte, purpose string) (*streamCipher, error) {
	key, err := hkdf.Key(sha256.New, k.secret[:], salt, "nod-stream:"+purpose, keyBytes)
	if err != nil {
		return nil, err
	}
	return &streamCipher{aead: gcm(key)}, nil
}

func (c *streamCipher) nonce(last bool) []byte {
	nonce := binary.BigEndian.AppendUint64(make([]byte, nonceBytes-9, nonceBytes), c.number)
	c.number++
	if last {
		return append(nonce, 1)
	}
	return append(nonce, 0)
}

type streamWriter struct {
	to     io.Writer
	cipher *streamCipher
	chunk  []byte
}

// SealStream returns a writer that seals what is written to it, for one purpose. What was
// written counts only once it has been closed.
func (r *Ring) SealStream(to io.Writer, purpose string) (io.WriteCloser, error) {
	key, salt := r.Sealing(), make([]byte, saltBytes)
	rand.Read(salt)
	c, err := newStreamCipher(key, salt, purpose)
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(append(key.Mark(), salt...)); err != nil {
		return nil, err
	}
	return &streamWriter{to: to, cipher: c, chunk: make([]byte, 0, chunkBytes+tagBytes)}, nil
}

// Write seals full chunks and keeps the rest. A full chunk waits for what follows, since
// the last one is marked.
func (w *streamWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if len(w.chunk) == chunkBytes {
			if err := w.flush(false); err != nil {
				return n, err
			}
		}
		part := p[n:min(len(p), n+chunkBytes-len(w.chunk))]
		w.chunk = append(w.chunk, part...)
		n += len(part)
	}
	return n, nil
}

func (w *streamWriter) flush(last bool) error {
	_, err := w.to.Write(w.cipher.aead.Seal(w.chunk[:0], w.cipher.nonce(last), w.chunk, nil))
	w.chunk = w.chunk[:0]
	return err
}

// Close writes the last chunk. It does not close what it writes to.
func (w *streamWriter) Close() error { return w.flush(true) }

type streamReader struct {
	from   *bufio.Reader
	cipher *streamCipher
	sealed []byte
	chunk  []byte // opened and not read yet
	ended  bool
}

// OpenStream returns a reader of what SealStream sealed for the same purpose. It returns
// ErrWrongKey where the ring lacks the key. The reader gives nothing that was not sealed,
// and io.EOF only at the true end; anything else is ErrDamaged.
func (r *Ring) OpenStream(from io.Reader, purpose string) (io.Reader, error) {
	head := make([]byte, headBytes)
	if _, err := io.ReadFull(from, head); err != nil || head[0] != version {
		return nil, fmt.Errorf("open a stream: %w", ErrDamaged)
	}
	key := r.find([idBytes]byte(head[1 : 1+idBytes]))
	if key == nil {
		return nil, fmt.Errorf("open a stream: %w", ErrWrongKey)
	}
	c, err := newStreamCipher(key, head[1+idBytes:], purpose)
	if err != nil {
		return nil, err
	}
	return &streamReader{
		from: bufio.NewReaderSize(from, chunkBytes+tagBytes), cipher: c, sealed: make([]byte, chunkBytes+tagBytes),
	}, nil
}

// Read gives what was opened.
func (r *streamReader) Read(p []byte) (int, error) {
	for len(r.chunk) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}

func (r *streamReader) next() error {
	n, err := io.ReadFull(r.from, r.sealed)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	_, err = r.from.Peek(1)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r.ended = err != nil
	r.chunk, err = r.cipher.aead.Open(r.sealed[:0], r.cipher.nonce(r.ended), r.sealed[:n], nil)
	if err != nil {
		r.ended, r.chunk = false, nil
		return fmt.Errorf("open a stream: %w", ErrDamaged)
	}
	return nil
}
