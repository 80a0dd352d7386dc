package server

import "os"

// Hold keeps servers away from a data directory, as serving it does, until the file it
// returns is closed. It returns ErrRunning where one runs.
func Hold(dir string) (*os.File, error) { return lockDir(dir) }
