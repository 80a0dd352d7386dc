package seal

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// Ring is the keys of one installation. It is safe for concurrent use. One that was read
// from a file reads it again when a value needs a key that it lacks.
type Ring struct {
	path string // "" for one that is in no file
	held atomic.Pointer[held]

	mu   sync.Mutex  // whoever reads the file
	read os.FileInfo // the file that was read last
}

type held struct {
	keys    []*Key
	sealing *Key
}

// NewRing makes a ring that is in no file. The first key seals.
func NewRing(keys ...*Key) *Ring {
	r := &Ring{}
	r.held.Store(&held{keys, keys[0]})
	return r
}

// Ring returns the ring itself.
func (r *Ring) Ring() *Ring { return r }

// Sealing returns the key that seals at present.
func (r *Ring) Sealing() *Key { return r.held.Load().sealing }

// IDs names the keys, in the order of the file.
func (r *Ring) IDs() (ids []string) {
	for _, k := range r.held.Load().keys {
		ids = append(ids, k.ID())
	}
	return ids
}

// Use lets the key seal that a sealed value was sealed under: the database says which of
// the keys is the one, by what it is checked with. It returns ErrWrongKey if the ring and
// its file lack that key.
func (r *Ring) Use(sealed []byte) error {
	id, ok := KeyOf(sealed)
	if !ok {
		return ErrDamaged
	}
	key := r.find(id)
	if key == nil {
		return ErrWrongKey
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held.Store(&held{r.held.Load().keys, key})
	return nil
}

// KeyOf reads the id of the key that a value was sealed under.
func KeyOf(sealed []byte) (id [idBytes]byte, ok bool) {
	if len(sealed) < minEnvelope || sealed[0] != version {
		return id, false
	}
	return [idBytes]byte(sealed[1 : 1+idBytes]), true
}

// Mark is how every value begins that was sealed under the key.
func (k *Key) Mark() []byte { return append([]byte{version}, k.id[:]...) }

// OldMarks are those of the keys that do not seal.
func (r *Ring) OldMarks() (marks [][]byte) {
	h := r.held.Load()
	for _, k := range h.keys {
		if k.id != h.sealing.id {
			marks = append(marks, k.Mark())
		}
	}
	return marks
}

// Last is the key that was added last.
func (r *Ring) Last() *Key {
	keys := r.held.Load().keys
	return keys[len(keys)-1]
}

func (r *Ring) find(id [idBytes]byte) *Key {
	if key := r.held.Load().find(id); key != nil || r.path == "" {
		return key
	}
	if err := r.Reload(); err != nil {
		return nil // whoever needs the key is told that it is missing
	}
	return r.held.Load().find(id)
}

func (h *held) find(id [idBytes]byte) *Key {
	for _, k := range h.keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// Reload reads the file again if it is another one than before. Keys that are not in it
// any more stay in the ring of a running process; the one that seals goes on sealing.
func (r *Ring) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.path)
	if err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	if r.read != nil && os.SameFile(info, r.read) && info.ModTime().Equal(r.read.ModTime()) {
		return nil
	}
	keys, err := readKeys(r.path)
	if err != nil {
		return err
	}
	r.read = info
	before := r.held.Load()
	if before == nil {
		r.held.Store(&held{keys, keys[0]})
		return nil
	}
	all := slices.Clone(before.keys)
	for _, k := range keys {
		if before.find(k.id) == nil {
			all = append(all, k)
		}
	}
	r.held.Store(&held{all, before.sealing})
	return nil
}
