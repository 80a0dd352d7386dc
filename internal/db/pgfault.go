package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// conflict reports whether PostgreSQL undid a transaction because of another one:
// serialization_failure or deadlock_detected.
func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// lost reports whether a statement failed because of the connection or of the server at
// its other end, and may go through on another one. A server that became a standby counts.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fatal(pg) || strings.HasPrefix(pg.Code, "08") || pg.Code == "25006" || pg.Code == "57P03" || pg.Code == "53300"
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) ||
		pgconn.SafeToRetry(err)
}

// fatal reports whether the server closed the connection together with what it said: that
// says nothing about the statement before.
func fatal(pg *pgconn.PgError) bool {
	severity := pg.SeverityUnlocalized
	if severity == "" {
		severity = pg.Severity
	}
	return severity == "FATAL" || severity == "PANIC"
}
