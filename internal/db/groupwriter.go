package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// groupWriter is SQLite's one writer. Writes that wait at the same moment share
// one transaction and so one fsync, each in a savepoint of its own: a write that
// fails takes nothing of its neighbours with it, and nobody is answered before
// the shared commit is on disk.
type groupWriter struct {
	db        *sqlx.DB
	conn      *sqlx.Conn  // the one connection of db
	run       *statements // on that connection
	jobs      chan *job
	committed func(topics []string)
	watch     *watcher
	closing   sync.Once
	quit      chan struct{}
	done      chan struct{}
}

type job struct {
	ctx      context.Context
	fn       func(*Tx) error // nil asks for the data version
	err      error
	panicked any
	topics   []string
	notes    []Note
	version  int64
	finished chan struct{}
}

// Limits of one shared transaction.
const (
	groupJobs   = 64
	waitingJobs = 1024
)

// ErrClosed is returned for work given to a database that has been closed.
var ErrClosed = errors.New("the database is closed")

func newGroupWriter(db *sqlx.DB, conn *sqlx.Conn) *groupWriter {
	w := &groupWriter{
		db: db, conn: conn, run: newStatements(conn.PreparexContext), jobs: make(chan *job, waitingJobs),
		quit: make(chan struct{}), done: make(chan struct{}), watch: &watcher{},
	}
	go w.work()
	return w
}

func (w *groupWriter) write(ctx context.Context, fn func(*Tx) error) error {
	j, err := w.ask(ctx, fn)
	if err != nil {
		return err
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	return j.err
}

func (w *groupWriter) dataVersion(ctx context.Context) (int64, error) {
	j, err := w.ask(ctx, nil)
	if err != nil {
		return 0, err
	}
	return j.version, j.err
}

// ask queues a job and waits for its end. Once queued it is waited for even if
// the caller's context ends, since only the writer knows whether it was committed.
func (w *groupWriter) ask(ctx context.Context, fn func(*Tx) error) (*job, error) {
	j := &job{ctx: ctx, fn: fn, finished: make(chan struct{})}
	select {
	case <-w.quit:
		return nil, ErrClosed
	default:
	}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.quit:
		return nil, ErrClosed
	}
	select {
	case <-j.finished:
		return j, nil
	case <-w.done:
		select {
		case <-j.finished:
			return j, nil
		default:
			return nil, ErrClosed
		}
	}
}

func (w *groupWriter) work() {
	defer close(w.done)
	for {
		select {
		case j := <-w.jobs:
			w.group(j)
		case <-w.quit:
			for {
				select {
				case j := <-w.jobs:
					w.group(j)
				default:
					return
				}
			}
		}
	}
}

// group runs first and whatever else already waits in one transaction.
func (w *groupWriter) group(first *job) {
	if first.fn == nil {
		first.err = w.run.GetContext(context.Background(), &first.version, "PRAGMA data_version")
		close(first.finished)
		return
	}
	// A statement that is interrupted rolls back the whole transaction in SQLite,
	// so the callers' contexts are looked at before a job starts and not after.
	ctx := context.Background()
	var batch []*job
	began := time.Now()
	_, err := w.run.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err != nil {
		w.watch.tell(began, Commit{Writes: 1, Err: err})
		first.err = err
		close(first.finished)
		return
	}
	for j := first; j != nil; j = w.next(len(batch)) {
		if j.fn == nil { // between transactions is soon enough
			defer w.group(j)
			continue
		}
		batch = append(batch, j)
		if err = w.one(ctx, j); err != nil {
			break
		}
	}
	if err == nil {
		_, err = w.run.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// Where SQLite rolled back by itself there is nothing left to roll back.
		_, _ = w.run.ExecContext(ctx, "ROLLBACK")
	}
	var topics []string
	var notes []Note
	for _, j := range batch {
		if err != nil && j.err == nil {
			j.err = fmt.Errorf("commit: %w", err)
		}
		if j.err == nil {
			topics = append(topics, j.topics...)
			notes = append(notes, j.notes...)
		}
	}
	if err == nil && len(topics) > 0 {
		w.committed(topics)
	}
	w.watch.tell(began, Commit{Writes: len(batch), Err: err, Notes: notes})
	for _, j := range batch {
		close(j.finished)
	}
}

func (w *groupWriter) next(taken int) *job {
	if taken >= groupJobs {
		return nil
	}
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

// one runs a job in a savepoint. The error it returns is fatal for the whole
// transaction; the job's own error is kept in the job.
func (w *groupWriter) one(ctx context.Context, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if _, err := w.run.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	t := &Tx{engine: SQLite, ctx: context.WithoutCancel(j.ctx), run: w.run}
	j.run(t)
	if j.err != nil || j.panicked != nil {
		if _, err := w.run.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return err
		}
		_, err := w.run.ExecContext(ctx, "RELEASE job")
		return err
	}
	j.topics, j.notes = t.topics, t.notes
	_, err := w.run.ExecContext(ctx, "RELEASE job")
	return err
}

func (j *job) run(t *Tx) {
	defer func() { j.panicked = recover() }()
	j.err = j.fn(t)
}

func (w *groupWriter) close() error {
	w.closing.Do(func() { close(w.quit) })
	<-w.done
	_, err := w.run.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	if away(err) { // a full disk: the log stays as it is, and whoever opens it next folds it
		err = nil
	}
	return errors.Join(err, w.run.close(), w.conn.Close(), w.db.Close())
}
