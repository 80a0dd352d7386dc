package nodes

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

var waiting = flag.Int("waiting", 5, "how many logins wait while the way from approval to page is measured")

// measures how long a page waits after the phone has sent its approval.
func (c *cluster) measures(t *testing.T, l *ledger) {
	var all []*person
	for i := range *waiting {
		all = append(all, c.person(fmt.Sprintf("waiting%d", i), l))
	}
	heard := make([]chan time.Time, len(all))
	for i, p := range all {
		if err := p.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		heard[i] = make(chan time.Time, 1)
		go func() {
			at, err := p.waits(t.Context())
			if err != nil {
				t.Error(err)
			}
			heard[i] <- at
		}()
	}
	time.Sleep(500 * time.Millisecond) // all streams are open
	var took []time.Duration
	for i, p := range all {
		open, err := p.phone.Requests(t.Context())
		if err != nil || len(open) != 1 {
			t.Fatalf("got %d requests, %v", len(open), err)
		}
		number := p.page.Text("match-number")
		began := time.Now()
		if _, err := p.phone.ApproveRequest(t.Context(), open[0], number, ""); err != nil {
			t.Fatal(err)
		}
		took = append(took, (<-heard[i]).Sub(began))
	}
	for _, p := range all {
		if _, err := p.finish(t.Context()); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(took)
	t.Logf("%d waited; from the phone's answer to the page on another node: p50 %s, p99 %s", len(took), took[len(took)/2], took[len(took)*99/100])
	if p50 := took[len(took)/2]; p50 > 250*time.Millisecond {
		t.Errorf("half of the pages heard later than %s, want 250 ms", p50)
	}
}

// deaf ends the connections on which nodes hear of each other, again and again.
func (c *cluster) deaf(t *testing.T, p *person) {
	ctx, cancel := context.WithCancel(t.Context())
	var silencing sync.WaitGroup
	silencing.Go(func() {
		for ctx.Err() == nil {
			err := c.rows().Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
					WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	defer silencing.Wait()
	defer cancel()
	if err := p.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	heard := make(chan time.Time, 1)
	go func() {
		at, err := p.waits(t.Context())
		if err != nil {
			t.Error(err)
		}
		heard <- at
	}()
	page := p.page.Text("match-number")
	open, err := p.phone.Requests(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("got %d requests, %v", len(open), err)
	}
	began := time.Now()
	if _, err := p.phone.ApproveRequest(t.Context(), open[0], page, ""); err != nil {
		t.Fatal(err)
	}
	if took := (<-heard).Sub(began); took > 4*time.Second {
		t.Errorf("the page heard after %s, want about 2 s", took)
	}
	if _, err := p.finish(t.Context()); err != nil {
		t.Error(err)
	}
}
