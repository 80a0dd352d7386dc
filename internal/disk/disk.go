// Package disk knows on what kind of file system a place lies and how much room there is,
// and keeps a little room in reserve. What is refused for it is left to those who ask.
//
// Its words: a volume is a file system as it is mounted; the ballast is a file that is
// thrown out when its volume is full.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Kind is what a file system is to a database that lies in one file.
type Kind string

// The kinds of file systems.
const (
	Local Kind = "local" // a disk of this machine, or one that looks like it
	// Network file systems promise neither the locks nor the shared memory that SQLite's
	// write-ahead log needs (sqlite.org/wal.html: "all processes using a database must be on
	// the same host computer").
	Network Kind = "network"
	// Foreign is a program in the place of a file system (FUSE): it may be a container's
	// overlay, which is fine, or a network in disguise, which is not.
	Foreign Kind = "foreign"
	Unknown Kind = "unknown" // this system does not tell
)

// Volume is the file system that holds a place.
type Volume struct {
	Name string // such as "ext4", or its number where it has no name here
	Kind Kind
	Free uint64 // bytes that may still be written
}

// Look examines the volume of a path, or of the nearest folder above it that exists.
func Look(path string) (Volume, error) { return look(path, statfs) }

func look(path string, statfs func(string) (Volume, error)) (Volume, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Volume{}, err
	}
	for {
		v, err := statfs(path)
		if parent := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && parent != path {
			path = parent
			continue
		}
		if err != nil {
			return Volume{}, &os.PathError{Op: "look at the file system of", Path: path, Err: err}
		}
		return v, nil
	}
}
