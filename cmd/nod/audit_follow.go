package main

import (
	"encoding/json"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/audit"
)

// Following the journal.
const (
	followEvery = 500 * time.Millisecond
	followBatch = 500
)

// follow prints the newest entries and then those that are sealed, in the order of
// the chain, until the command is interrupted.
func (v *verb) follow(last int) error {
	ctx, stop := signal.NotifyContext(v.ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	newest, err := audit.Last(ctx, v.DB, max(last, followBatch))
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	// Entries that are not sealed yet will come by again when they are.
	var seq int64
	seen := map[string]bool{}
	for i, e := range newest {
		if e.Seq != nil {
			seq = max(seq, *e.Seq)
		} else {
			seen[e.ID] = true
		}
		if i >= len(newest)-last {
			if err := v.printEntry(e); err != nil {
				return err
			}
		}
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		entries, err := audit.After(ctx, v.DB, seq, followBatch)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		for _, e := range entries {
			seq = *e.Seq
			if seen[e.ID] {
				delete(seen, e.ID)
				continue
			}
			if err := v.printEntry(e); err != nil {
				return err
			}
		}
		if len(entries) == followBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// printEntry writes one line.
func (v *verb) printEntry(e audit.Row) (err error) {
	if wantsJSON(v.cmd) {
		var text []byte
		if text, err = json.Marshal(viewEntry(e)); err == nil {
			_, err = fmt.Fprintf(v.cmd.OutOrStdout(), "%s\n", text)
		}
		return err
	}
	cells := entryRow(e)
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	_, err = fmt.Fprintln(v.cmd.OutOrStdout(), strings.TrimSpace(strings.Join(cells, "  ")))
	return err
}
