package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/nod-idp/nod/internal/db"
)

// settle undoes a restore that was stopped before its end. Where nothing was there before it,
// an empty installation is not begun in its stead: somebody waits for the old one.
func (s *Server) settle() error {
	path := s.Options.Place.DatabaseAddress()
	stopped, err := db.Settle(path)
	if err != nil {
		return fmt.Errorf("undo a restore that was stopped: %w", err)
	}
	if !stopped {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, db.ErrNotRestored)
	}
	s.Options.log().Warn("a restore was stopped before its end, and everything is as it was before; run it again if it is still wanted")
	return nil
}
