package db

import (
	"context"
	"fmt"
	"regexp"
	"sync"
)

// Tx is a transaction under way. It is valid only inside the function that Write
// was given, and only on the goroutine that runs it.
type Tx struct {
	engine Engine
	ctx    context.Context
	run    runner
	topics []string
	notes  []Note
}

// Get reads one row into dest. It returns ErrNotFound when there is none.
func (t *Tx) Get(dest any, query string, args ...any) error {
	count(t.ctx)
	return notFound(t.run.GetContext(t.ctx, dest, t.engine.rewrite(query), args...))
}

// Select reads all rows into the slice that dest points to.
func (t *Tx) Select(dest any, query string, args ...any) error {
	count(t.ctx)
	return t.run.SelectContext(t.ctx, dest, t.engine.rewrite(query), args...)
}

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(query string, args ...any) (rows int64, err error) {
	count(t.ctx)
	res, err := t.run.ExecContext(t.ctx, t.engine.rewrite(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Must runs a statement that has to touch exactly one row and returns otherwise
// when it did not: the way to state single use, expiry and ownership.
func (t *Tx) Must(otherwise error, query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return otherwise
	}
	return nil
}

// Announce wakes everyone who waits for one of the topics, in every process, once
// the transaction has been committed. The row is the truth; this is a hint.
func (t *Tx) Announce(topics ...string) {
	t.topics = append(t.topics, topics...)
}

// Bump raises a version counter, so that caches of that kind are read anew.
func (t *Tx) Bump(name string) error {
	t.Announce(versionTopic(name))
	return t.Must(fmt.Errorf("no version counter %q", name),
		"UPDATE versions SET version = version + 1 WHERE name = $1", name)
}

// Engine says which engine the transaction runs on.
func (t *Tx) Engine() Engine { return t.engine }

// Context is the context the transaction runs under. It carries what the request
// said about itself, for the audit log.
func (t *Tx) Context() context.Context { return t.ctx }

var (
	placeholder = regexp.MustCompile(`\$(\d+)`)
	rewritten   sync.Map // query as written → query for SQLite
)

// rewrite turns $1 into ?1 for SQLite, where $1 would be a name that is numbered
// by its first appearance instead of its digit.
func (e Engine) rewrite(query string) string {
	if e != SQLite {
		return query
	}
	if q, ok := rewritten.Load(query); ok {
		return q.(string)
	}
	q := placeholder.ReplaceAllString(query, "?$1")
	rewritten.Store(query, q)
	return q
}
