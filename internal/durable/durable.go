// Package durable waits until files are on the disk. What is written, and in which order, is
// left to those who write.
package durable

import (
	"errors"
	"os"
)

// Sync waits until the content of a file, or the names in a folder, would survive a loss of
// power.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
