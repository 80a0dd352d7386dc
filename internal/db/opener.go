package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/nod-idp/nod/migrations"
)

// Opener opens a database and says what it does that takes time.
type Opener struct {
	URL  string                // postgres://… or the path of an SQLite file
	Tell func(sentence string) // may be nil

	schema    fs.FS                        // nil means the one that is built in
	interrupt func(number, step int) error // tests break a migration off here
}

// Open opens the database at url as Opener does, silently.
func Open(ctx context.Context, url string) (*DB, error) { return Opener{URL: url}.Open(ctx) }

// Open opens the database, brings its schema up to date and starts to watch for changes
// made by other processes. Close it when done.
func (o Opener) Open(ctx context.Context) (*DB, error) {
	d, watch, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.migrate(ctx, d); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), d.disconnect())
	}
	watchCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.done = make(chan struct{})
	go func() {
		defer close(d.done)
		watch(watchCtx)
	}()
	return d, nil
}

// connect opens the database as it is. The function that it returns watches for changes.
func (o Opener) connect(ctx context.Context) (*DB, func(context.Context), error) {
	d, watch, err := openBare(ctx, o.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	return d, watch, nil
}

func openBare(ctx context.Context, url string) (*DB, func(context.Context), error) {
	switch {
	case url == "":
		return nil, nil, errors.New("no address given")
	case IsPostgres(url):
		return openPostgres(ctx, url)
	}
	return openSQLite(ctx, url)
}

// disconnect closes what connect opened.
func (d *DB) disconnect() error { return errors.Join(d.pool.Close(), d.writer.close()) }

func (o Opener) files() fs.FS {
	if o.schema == nil {
		return migrations.Files
	}
	return o.schema
}

func (o Opener) tell(format string, args ...any) {
	if o.Tell != nil {
		o.Tell(fmt.Sprintf(format, args...))
	}
}
