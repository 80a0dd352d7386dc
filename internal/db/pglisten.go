package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nod-idp/nod/internal/pause"
)

// How a listener that is dead without a sign is found out.
const (
	listenQuiet  = 10 * time.Second // without news, before it is asked
	listenAnswer = 3 * time.Second
	listenAgain  = 500 * time.Millisecond
)

// watchPostgres listens for what other nodes announce. After every reconnect all
// are woken, since announcements made in between are lost, and once a second the
// version counters are compared in case the connection is dead without a sign.
func (d *DB) watchPostgres(ctx context.Context, config *pgx.ConnConfig) {
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		d.pollVersions(ctx)
	}()
	for ctx.Err() == nil {
		if err := d.listen(ctx, config); err != nil {
			_ = pause.For(ctx, listenAgain)
		}
	}
	<-polled
}

func (d *DB) listen(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenAnswer)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	d.bus.wakeAll()
	for {
		if err := d.hear(ctx, conn); err != nil {
			return err
		}
	}
}

// hear waits for one announcement. After a silence it asks whether anybody is there.
func (d *DB) hear(ctx context.Context, conn *pgx.Conn) error {
	quiet, cancel := context.WithTimeout(ctx, listenQuiet)
	defer cancel()
	note, err := conn.WaitForNotification(quiet)
	switch {
	case err == nil:
		d.bus.wake([]string{note.Payload})
		return nil
	case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || conn.IsClosed():
		return err
	}
	answer, cancel := context.WithTimeout(ctx, listenAnswer)
	defer cancel()
	return conn.Ping(answer)
}

func (d *DB) pollVersions(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := map[string]int64{}
	for {
		var rows []struct {
			Name    string
			Version int64
		}
		if err := d.Select(ctx, &rows, "SELECT name, version FROM versions"); err == nil {
			for _, r := range rows {
				// What a cache read before the first look may be older than it.
				if before, known := last[r.Name]; !known || before != r.Version {
					d.bus.wake([]string{versionTopic(r.Name)})
				}
				last[r.Name] = r.Version
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
