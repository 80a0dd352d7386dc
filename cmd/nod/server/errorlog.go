package server

import (
	"log"
	"log/slog"
	"strings"
)

// errorLog turns what net/http has to say, mostly about clients that speak badly,
// into debug lines.
func errorLog(l *slog.Logger) *log.Logger { return log.New(quiet{l}, "", 0) }

type quiet struct{ log *slog.Logger }

// Write logs one line.
func (q quiet) Write(line []byte) (int, error) {
	q.log.Debug("connection", "message", strings.TrimSpace(string(line)))
	return len(line), nil
}
