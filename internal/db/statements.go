package db

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/jmoiron/sqlx"
)

// runner runs queries: *sqlx.DB and *sqlx.Tx on PostgreSQL, statements on SQLite.
type runner interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// statements keeps what SQLite has compiled: reading a query's text takes it longer than
// running most of them. (On PostgreSQL the driver does the same by itself.) Queries are
// constants of the rooms, so there is an end to them; of more than mostStatements any one
// is forgotten.
type statements struct {
	compile func(ctx context.Context, query string) (*sqlx.Stmt, error)
	mu      sync.RWMutex
	known   map[string]*sqlx.Stmt
}

const mostStatements = 2000

func newStatements(compile func(context.Context, string) (*sqlx.Stmt, error)) *statements {
	return &statements{compile: compile, known: map[string]*sqlx.Stmt{}}
}

// of returns the compiled query. database/sql compiles it once for each connection.
func (s *statements) of(ctx context.Context, query string) (*sqlx.Stmt, error) {
	s.mu.RLock()
	stmt := s.known[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := s.compile(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.known[query]; other != nil {
		return other, stmt.Close()
	}
	if len(s.known) >= mostStatements {
		for text, old := range s.known {
			delete(s.known, text)
			_ = old.Close()
			break
		}
	}
	s.known[query] = stmt
	return stmt, nil
}

// read returns the compiled query and the context to run it with. A query is over in
// microseconds, and what would watch for a caller that leaves meanwhile, two goroutines for
// each query, takes as long: whether he is still there is looked at once, before.
func (s *statements) read(ctx context.Context, query string) (context.Context, *sqlx.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return ctx, nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := s.of(ctx, query)
	return ctx, stmt, err
}

// GetContext reads one row.
func (s *statements) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx, stmt, err := s.read(ctx, query)
	if err != nil {
		return err
	}
	return stmt.GetContext(ctx, dest, args...)
}

// SelectContext reads all rows.
func (s *statements) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx, stmt, err := s.read(ctx, query)
	if err != nil {
		return err
	}
	return stmt.SelectContext(ctx, dest, args...)
}

// ExecContext runs a statement.
func (s *statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.of(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// close forgets everything. A connection of SQLite whose statements are still there is not
// closed, and its write-ahead log stays.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for text, stmt := range s.known {
		all = append(all, stmt.Close())
		delete(s.known, text)
	}
	return errors.Join(all...)
}
