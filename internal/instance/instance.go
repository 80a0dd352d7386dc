// Package instance owns the one row that says which installation a database
// belongs to: its id, its epoch, its public URL, the canary that tells whether the
// sealing key is the right one, and the root secret of all HMAC keys. It leaves
// what is sealed to the rooms.
//
// The epoch is a number that a restore raises. Whatever was issued under an older
// epoch is void, which is why every look-up of such a row names it.
package instance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// MainIssuer is the value of issuer columns for nod's own issuer.
const MainIssuer = "main"

// Instance is an opened installation. Its fields do not change while it is open.
type Instance struct {
	ID         string
	Epoch      int64
	RestoredAt time.Time // zero if it never was
	Box        *seal.Box
}

// ErrWrongKey is returned when the sealing key does not belong to the database.
var ErrWrongKey = errors.New("the sealing key does not belong to this database")

var canaryText = []byte("nod canary")

type row struct {
	ID         string
	Epoch      int64
	RestoredAt db.Time `db:"restored_at"`
	Canary     []byte
	Root       []byte
}

const selectRow = "SELECT id, epoch, restored_at, canary, root FROM instance WHERE one = 1"

// Open reads the instance row, or creates it in an empty database, and checks the
// canary before anything else is written.
func Open(ctx context.Context, d *db.DB, keys seal.Keys, now time.Time) (*Instance, error) {
	r, err := read(ctx, d)
	if errors.Is(err, db.ErrNotFound) {
		if err = create(ctx, d, keys, now); err == nil {
			r, err = read(ctx, d)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open instance: %w", err)
	}
	return r.open(keys)
}

// open checks the canary. The key that it is sealed under is the one that seals.
func (r row) open(keys seal.Keys) (*Instance, error) {
	box := seal.NewBox(r.ID, keys)
	if _, err := box.Open(place("canary"), r.Canary); err != nil {
		return nil, fmt.Errorf("open instance %s: %w (%w)", r.ID, ErrWrongKey, err)
	}
	if err := box.Ring().Use(r.Canary); err != nil {
		return nil, fmt.Errorf("open instance %s: %w", r.ID, err)
	}
	root, err := box.Open(place("root"), r.Root)
	if err != nil {
		return nil, fmt.Errorf("open instance %s: %w", r.ID, err)
	}
	return &Instance{ID: r.ID, Epoch: r.Epoch, RestoredAt: r.RestoredAt.Time, Box: box.WithRoot(root)}, nil
}

func place(column string) seal.Place { return seal.Place{Table: "instance", Row: "1", Column: column} }

func read(ctx context.Context, d *db.DB) (r row, err error) {
	err = d.Get(ctx, &r, selectRow)
	return r, err
}

// In reads the id and the epoch of the installation that a snapshot is of.
func In(s *db.Snapshot) (id string, epoch int64, err error) {
	var r row
	err = s.Get(&r, "SELECT id, epoch FROM instance WHERE one = 1")
	return r.ID, r.Epoch, err
}

func create(ctx context.Context, d *db.DB, keys seal.Keys, now time.Time) error {
	id := random.ID("ins")
	box := seal.NewBox(id, keys)
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO instance (one, id, epoch, public_url, canary, root, created_at)
			VALUES (1, $1, 1, '', $2, $3, $4) ON CONFLICT DO NOTHING`,
			id, box.Seal(place("canary"), canaryText), box.Seal(place("root"), random.Bytes(32)), db.At(now))
		return err
	})
}

// PublicURL returns the address that the server last ran under, "" before the
// first start.
func PublicURL(ctx context.Context, d *db.DB) (url string, err error) {
	err = d.Get(ctx, &url, "SELECT public_url FROM instance WHERE one = 1")
	return url, err
}

// SetPublicURL records the address the server runs under.
func SetPublicURL(ctx context.Context, d *db.DB, url string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		return tx.Must(db.ErrNotFound, "UPDATE instance SET public_url = $1 WHERE one = 1", url)
	})
}
