package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// overOffer is how many passwords are submitted at the same time for each that can be
// hashed at the same time.
const overOffer = 50

type overloadReport struct {
	Submitting int     `json:"submitting"` // browsers that submit passwords all the time
	Hashed     int64   `json:"hashed"`     // answered with the page
	Shed       int64   `json:"shed"`       // answered 503 with Retry-After
	Unclear    int64   `json:"unclear"`    // anything else
	Idle       outcome `json:"idle"`       // of the token endpoint, before
	Loaded     outcome `json:"loaded"`     // and meanwhile
}

// String is the result for people.
func (r overloadReport) String() string {
	return fmt.Sprintf(`%d browsers submit passwords without a pause:
  %d were hashed, %d were sent away with 503 and Retry-After, %d got something else
the token endpoint, asked by one client:
  before    p50 %s ms, p99 %s ms, %d errors
  meanwhile p50 %s ms, p99 %s ms, %d errors`, r.Submitting, r.Hashed, r.Shed, r.Unclear,
		ms(r.Idle.Median), ms(r.Idle.P99), r.Idle.Failures, ms(r.Loaded.Median), ms(r.Loaded.P99), r.Loaded.Failures)
}

// overload offers fifty times more passwords than can be hashed and looks at how the
// token endpoint fares.
func overload(ctx context.Context, s settings) (_ report, err error) {
	r := overloadReport{Submitting: overOffer * runtime.GOMAXPROCS(0)}
	s.workers = r.Submitting
	t, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	service, err := t.addClient(ctx, "service", "--grant", "client_credentials")
	if err != nil {
		return nil, err
	}
	plain, err := t.addClient(ctx, "plain", "--redirect-uri", callback, "--pkce", "optional", "--first-party", "--second-factor", "off")
	if err != nil {
		return nil, err
	}
	token := func(int) func(context.Context) error {
		return func(ctx context.Context) error {
			time.Sleep(5 * time.Millisecond)
			return t.post(ctx, service, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, nil)
		}
	}
	pause := func(o outcome, err error) (outcome, error) { // the pause between two requests is no waiting
		o.Median, o.P99 = o.Median-5*time.Millisecond, o.P99-5*time.Millisecond
		return o, err
	}
	if r.Idle, err = pause(t.closed(ctx, 1, s.each, token)); err != nil {
		return nil, err
	}
	progress("submitting passwords from %d browsers", r.Submitting)
	flooding, stop := context.WithCancel(ctx)
	var flood sync.WaitGroup
	for i := range r.Submitting {
		flood.Go(func() { t.flood(flooding, plain, i, &r) })
	}
	time.Sleep(time.Second)
	r.Loaded, err = pause(t.closed(ctx, 1, s.each, token))
	stop()
	flood.Wait()
	return r, err
}

// flood submits wrong passwords, each for another name.
func (t *target) flood(ctx context.Context, a app, worker int, r *overloadReport) {
	for try := 0; ctx.Err() == nil; try++ {
		b := t.browser()
		page, err := b.Get(ctx, t.authorize(a))
		if err != nil {
			continue
		}
		name := fmt.Sprintf("nobody%d-%d", worker, try)
		page, err = b.Press(ctx, page, "login-submit", map[string]string{"username": name, "password": passphrase})
		switch {
		case err != nil:
		case page.Status == http.StatusOK:
			atomic.AddInt64(&r.Hashed, 1)
		case page.Status == http.StatusServiceUnavailable && page.Header.Get("Retry-After") != "":
			atomic.AddInt64(&r.Shed, 1)
		default:
			atomic.AddInt64(&r.Unclear, 1)
		}
	}
}
