package seal

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func sealed(t testing.TB, r *Ring, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := r.SealStream(&out, "test")
	if err != nil {
		t.Fatal(err)
	}
	for rest := plain; len(rest) > 0; { // in parts that fit no chunk
		n := min(len(rest), 30_011)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func opened(r *Ring, text []byte, purpose string) ([]byte, error) {
	reader, err := r.OpenStream(bytes.NewReader(text), purpose)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

func TestAStreamOfAnyLengthIsOpened(t *testing.T) {
	ring := NewRing(NewKey())
	for _, n := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes} {
		plain := bytes.Repeat([]byte{byte(n)}, n)
		if got, err := opened(ring, sealed(t, ring, plain), "test"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
}

func TestAStreamThatWasChangedIsRefused(t *testing.T) {
	ring := NewRing(NewKey())
	text := sealed(t, ring, make([]byte, 2*chunkBytes+100))
	one, two := headBytes+chunkBytes+tagBytes, headBytes+2*(chunkBytes+tagBytes)
	for name, bad := range map[string][]byte{
		"empty":                  {},
		"only its head":          text[:headBytes],
		"cut within the head":    text[:headBytes-1],
		"cut within a chunk":     text[:one-5],
		"cut after a chunk":      text[:two],
		"cut before the end":     text[:len(text)-1],
		"with more behind it":    append(bytes.Clone(text), 0),
		"without its first part": append(bytes.Clone(text[:headBytes]), text[one:]...),
		"with parts exchanged":   append(append(append(bytes.Clone(text[:headBytes]), text[one:two]...), text[headBytes:one]...), text[two:]...),
	} {
		if _, err := opened(ring, bad, "test"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
	for _, at := range []int{0, headBytes - 1, headBytes, one - 1, one, two, len(text) - 1} {
		bad := bytes.Clone(text)
		bad[at] ^= 1
		if _, err := opened(ring, bad, "test"); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d flipped: got %v, want ErrDamaged", at, err)
		}
	}
	if _, err := opened(ring, text, "another purpose"); !errors.Is(err, ErrDamaged) {
		t.Errorf("another purpose: got %v, want ErrDamaged", err)
	}
	if _, err := opened(NewRing(NewKey()), text, "test"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: got %v, want ErrWrongKey", err)
	}
}

func FuzzOpenStream(f *testing.F) {
	ring := NewRing(NewKey())
	good := sealed(f, ring, []byte("text"))
	f.Add(good)
	f.Add(good[:headBytes])
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := opened(ring, text, "test"); err == nil && !bytes.Equal(text, good) {
			t.Errorf("got %q of a stream that nobody sealed", got)
		}
	})
}
