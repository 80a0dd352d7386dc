package simulator

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
)

// Store is the file that a terminal keeps its phones in: one for each account. It
// holds keys and secrets, so nobody else may read it.
type Store struct {
	Path       string
	HTTPClient *http.Client     // for the phones it loads; nil means one of their own
	Now        func() time.Time // nil means time.Now
}

const storeVersion = 1

type storeFile struct {
	Version int      `json:"version"`
	Phones  []record `json:"phones"`
}

// Load returns the phones of the file, none if there is no file.
func (s Store) Load() ([]*Phone, error) {
	records, err := s.read()
	if err != nil {
		return nil, err
	}
	phones := make([]*Phone, len(records))
	for i, r := range records {
		key, err := r.check()
		if err != nil {
			return nil, fmt.Errorf("read store %s: phone %d: %w", s.Path, i+1, err)
		}
		phones[i] = newPhone(r, key, s.HTTPClient, s.Now)
	}
	return phones, nil
}

// Ready makes sure that the file can be written, before anything is begun whose
// result would otherwise be lost.
func (s Store) Ready() error {
	return s.update(func(records []record) []record { return records })
}

// Put adds a phone or replaces the one with its id.
func (s Store) Put(p *Phone) error {
	p.mu.Lock()
	mine := p.record
	mine.OffsetMS = p.signer.Offset.Milliseconds()
	p.mu.Unlock()
	return s.update(func(records []record) []record {
		for i, r := range records {
			if r.DeviceID == mine.DeviceID {
				records[i] = mine
				return records
			}
		}
		return append(records, mine)
	})
}

// Forget removes a phone from the file.
func (s Store) Forget(id string) error {
	return s.update(func(records []record) []record {
		return slices.DeleteFunc(records, func(r record) bool { return r.DeviceID == id })
	})
}

// update reads, changes and replaces the file. A reader sees the old or the new
// one, and of two writers the second sees the first one's work.
func (s Store) update(change func([]record) []record) error {
	unlock, err := lock(s.Path + ".lock")
	if err != nil {
		return fmt.Errorf("lock store: %w", err)
	}
	defer unlock()
	records, err := s.read()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(storeFile{Version: storeVersion, Phones: change(records)}, "", "  ")
	if err != nil {
		return fmt.Errorf("write store: %w", err)
	}
	if err := replaceFile(s.Path, append(data, '\n')); err != nil {
		return fmt.Errorf("write store: %w", err)
	}
	return nil
}

func (s Store) read() ([]record, error) {
	data, err := os.ReadFile(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	records, err := parseStore(data)
	if err != nil {
		return nil, fmt.Errorf("read store %s: %w", s.Path, err)
	}
	return records, nil
}

// parseStore reads the text of a store. Its errors say nothing of the contents.
func parseStore(data []byte) ([]record, error) {
	var file storeFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, errors.New("it is no store of devices, or damaged")
	}
	if file.Version != storeVersion {
		return nil, fmt.Errorf("it has version %d, and this program knows %d", file.Version, storeVersion)
	}
	for i, r := range file.Phones {
		if _, err := r.check(); err != nil {
			return nil, fmt.Errorf("phone %d: %w", i+1, err)
		}
	}
	return file.Phones, nil
}

// check returns the key of a record that a phone can be made of.
func (r record) check() (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(r.Key)
	if err != nil {
		return nil, errors.New("the key is damaged")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("the key is not on P-256")
	}
	if r.Server == "" || r.DeviceID == "" || len(r.PushSecret) < otp.MinSecret || len(r.TypedSecret) < otp.MinSecret {
		return nil, errors.New("something is missing")
	}
	if (r.PIN != nil) != (r.Verification == protocol.VerifyPIN) {
		return nil, errors.New("the PIN path does not fit the verification")
	}
	return key, nil
}

// replaceFile writes beside the file and renames, so that a crash leaves one of
// the two. os.CreateTemp makes files that only their owner can read.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
