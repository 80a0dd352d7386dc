// Package backup writes everything that the database holds into one file, sealed, and
// reads it again. It owns the form of the file, that a file is whole, and what verifying
// one means. What a restored installation must no longer honour is left to the rooms, and
// where files lie to the command.
//
// A backup is the same whichever engine it was taken from, and can be restored into
// either. It holds neither the sealing key nor settings. It is sealed under a key that is
// derived from the sealing key: whoever restores needs that one anyway, since what the
// rows hold is sealed under it, so there is no second secret to keep.
//
// Words: a backup is the file; its head says what it is of; a part is a table with its
// rows and their hash.
package backup

import (
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/seal"
)

// Errors of this package.
var (
	ErrNotBackup = errors.New("this is no backup of nod")
	ErrDamaged   = errors.New("the backup is damaged or was not written to its end")
	ErrWrongKey  = errors.New("the backup was made under another sealing key")
)

// Head says what a backup is of.
type Head struct {
	MadeAt    time.Time `json:"made_at"`
	Nod       string    `json:"nod"`      // the version that made it
	Engine    string    `json:"engine"`   // what it was taken from
	Instance  string    `json:"instance"` // the id of the installation
	Epoch     int64     `json:"epoch"`
	Migration int       `json:"migration"` // the newest of its schema
}

// Summary says what a backup holds.
type Summary struct {
	Head
	Key    string `json:"sealing_key"` // the id of the key it is sealed under
	Tables int    `json:"tables"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"` // of the file
}

// magic opens a backup, so that another file is told from a damaged one.
const magic = "nod-backup-1\n"

const purpose = "backup"

// Progress is told of rows as they are read or written. of is 0 where nobody knows yet.
type Progress func(what string, rows, of int64)

func (p Progress) tell(what string, rows, of int64) {
	if p != nil {
		p(what, rows, of)
	}
}

// told is how many rows pass between two messages.
const told = 1000

// wrong names the failures of package seal in the words of this one.
func wrong(err error) error {
	switch {
	case errors.Is(err, seal.ErrWrongKey):
		return ErrWrongKey
	case errors.Is(err, seal.ErrDamaged):
		return ErrDamaged
	}
	return err
}
