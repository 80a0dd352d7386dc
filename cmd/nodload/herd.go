package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// What a restart after a crash may take.
const wantedRecovery = 5 * time.Second

type herdReport struct {
	Pages int `json:"pages"`

	// From the kill, as an application sees it.
	FirstAnswer time.Duration `json:"first_answer_ns"`
	FirstWrite  time.Duration `json:"first_write_ns"`
	// Told are the tokens that were answered before the kill; Forgotten are those that the
	// database does not know after it.
	Told      int `json:"told"`
	Forgotten int `json:"forgotten"`

	// From the first answer until half of the pages, and all of them, wait again.
	Half time.Duration `json:"half_ns"`
	All  time.Duration `json:"all_ns"`
	Lost int           `json:"lost"`

	Unreachable int64 `json:"unreachable"` // streams that found no server
	Refused     int64 `json:"refused"`     // streams sent away with 503
	Looked      int64 `json:"looked"`      // looks at the page itself while its stream was away
	Shed        int64 `json:"shed"`        // of them sent away with 503 and Retry-After
	Failed      int64 `json:"failed"`      // of them that came to nothing, most while nobody was there

	MostMiB   float64       `json:"most_memory_mib"`
	MostQueue int           `json:"most_queue"` // pages that waited for their turn
	Token     outcome       `json:"token"`      // asked by one client until all wait again
	CPU       time.Duration `json:"processor_ns"`
}

// String is the result for people.
func (r herdReport) String() string {
	return fmt.Sprintf(`%d pages wait, the server is killed and started again:
  first discovery answer %s ms after the kill, first durable write %s ms
  %d tokens had been told before, %d of them were forgotten
  of the pages half wait again %s ms after the first answer, all after %s ms; %d lost
  their streams found nobody %d times and were sent away %d times; %d looks at the page itself, %d sent away, %d in vain
  the server held %.1f MiB at most, its longest queue was %d, it used %s ms of processor time
  the token endpoint meanwhile: p50 %s ms, p99 %s ms, %d requests, %d errors`,
		r.Pages, ms(r.FirstAnswer), ms(r.FirstWrite), r.Told, r.Forgotten, ms(r.Half), ms(r.All), r.Lost,
		r.Unreachable, r.Refused, r.Looked, r.Shed, r.Failed, r.MostMiB, r.MostQueue, ms(r.CPU),
		ms(r.Token.Median), ms(r.Token.P99), r.Token.Requests, r.Token.Failures)
}

// Verdict is an error where somebody was lost, something forgotten, or it took too long.
func (r herdReport) Verdict() error {
	switch {
	case r.Forgotten > 0:
		return fmt.Errorf("%d answers of before the kill are not in the database", r.Forgotten)
	case r.Lost > 0:
		return fmt.Errorf("%d pages were lost", r.Lost)
	case r.FirstWrite > wantedRecovery:
		return fmt.Errorf("the first durable write came %s after the kill, want %s", r.FirstWrite, wantedRecovery)
	}
	return nil
}

// herd kills a server on which pages wait, starts it again and looks at how they come back.
func herd(ctx context.Context, s settings) (_ report, err error) {
	s.figures = true
	t, err := start(ctx, s, "--approval-window", waitingWindow.String(), "--argon2-memory", "8MiB", "--argon2-time", "1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	service, err := t.addClient(ctx, "service", "--grant", "client_credentials")
	if err != nil {
		return nil, err
	}
	progress("putting in %d logins", s.pages)
	waiters, err := t.waiters(ctx, s.pages, waitingWindow)
	if err != nil {
		return nil, err
	}
	c, leave, err := t.opened(ctx, waiters, max(100, s.pages/20))
	if err != nil {
		return nil, err
	}
	defer leave()
	r := herdReport{Pages: s.pages}
	progress("killing the server while tokens are issued")
	told, err := r.crash(ctx, t, service)
	if err != nil {
		return nil, err
	}
	if err := r.comeBack(ctx, c, service); err != nil {
		return nil, err
	}
	return r, r.check(ctx, t, service, told)
}

// crash has tokens issued, kills the server in the middle and starts it again. It returns
// the tokens that were answered.
func (r *herdReport) crash(ctx context.Context, t *target, a app) (told []string, err error) {
	const clients = 8
	var mu sync.Mutex
	var killed atomic.Bool
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for !killed.Load() && ctx.Err() == nil {
				if token, err := t.issue(ctx, a); err == nil {
					mu.Lock()
					told = append(told, token)
					mu.Unlock()
				}
			}
		})
	}
	if err := pause.For(ctx, 500*time.Millisecond); err != nil {
		return nil, err
	}
	if err := t.process.Process.Kill(); err != nil {
		return nil, err
	}
	began := time.Now()
	killed.Store(true)
	_ = t.process.Wait()
	if err := t.launch(); err != nil {
		return nil, err
	}
	all.Wait()
	t.client.CloseIdleConnections() // they are dead
	if err := t.answers(ctx); err != nil {
		return nil, err
	}
	r.FirstAnswer = time.Since(began)
	for {
		if _, err = t.issue(ctx, a); err == nil || time.Since(began) > 30*time.Second {
			r.FirstWrite = time.Since(began)
			return told, err
		}
	}
}

func (t *target) issue(ctx context.Context, a app) (string, error) {
	var got tokens
	err := t.post(ctx, a, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, &got)
	return got.Access, err
}

// comeBack waits until every page waits again.
func (r *herdReport) comeBack(ctx context.Context, c *crowd, a app) error {
	t := c.target
	began := time.Now()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { // the queue at the door of the pages
		for pause.For(watching, 20*time.Millisecond) == nil {
			if f, err := t.tells(watching); err == nil {
				r.MostQueue = max(r.MostQueue, int(f[`nod_requests_waiting{door="pages"}`]))
			}
		}
	})
	all.Go(func() {
		var took []time.Duration
		for pause.For(watching, 5*time.Millisecond) == nil {
			at := time.Now()
			if _, err := t.issue(ctx, a); err != nil {
				r.Token.Failures++
				r.Token.Failure = err.Error()
			}
			took = append(took, time.Since(at))
		}
		r.Token.Requests, r.Token.Median, r.Token.P99 = len(took), percentile(took, 50), percentile(took, 99)
	})
	for time.Since(began) < 120*time.Second && ctx.Err() == nil {
		n := c.open()
		if r.Half == 0 && 2*n >= r.Pages {
			r.Half = time.Since(began)
		}
		if r.All = time.Since(began); n == r.Pages {
			break
		}
		_ = pause.For(ctx, 5*time.Millisecond)
	}
	stop()
	all.Wait()
	r.Lost = r.Pages - c.open()
	r.Unreachable, r.Refused = c.unreachable.Load(), c.refused.Load()
	r.Looked, r.Shed, r.Failed = c.looked.Load(), c.shed.Load(), c.failed.Load()
	most, err1 := mostResident(t.process.Process.Pid)
	spent, err2 := t.processor()
	r.MostMiB, r.CPU = mib(most), spent
	return errors.Join(err1, err2, ctx.Err())
}

// check asks for every token that was told before the kill.
func (r *herdReport) check(ctx context.Context, t *target, a app, told []string) error {
	slices.Sort(told)
	told = slices.Compact(told)
	r.Told = len(told)
	for _, token := range told {
		var is struct {
			Active bool `json:"active"`
		}
		if err := t.post(ctx, a, "/oauth/introspect", url.Values{"token": {strings.TrimSpace(token)}}, &is); err != nil {
			return err
		}
		if !is.Active {
			r.Forgotten++
		}
	}
	return nil
}
