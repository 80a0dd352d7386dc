package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/formbrowser"
)

// overOffer is how many passwords are submitted at the same time for each that can be
// hashed at the same time.
const overOffer = 50

type overloadReport struct {
	Submitting int `json:"submitting"` // browsers that submit passwords all the time
	flooded
	Idle   outcome `json:"idle"`   // of the token endpoint, before
	Loaded outcome `json:"loaded"` // and meanwhile
}

// flooded is what became of the passwords.
type flooded struct {
	Hashed  int64 `json:"hashed"`  // answered with the page
	Shed    int64 `json:"shed"`    // answered 503 with Retry-After
	Unclear int64 `json:"unclear"` // anything else
}

// String is nothing: the crowd reports to the process that sent it.
func (flooded) String() string { return "" }

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
	service, plain, err := t.addApps(ctx)
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
	ended, err := t.crowd(ctx, plain, r.Submitting)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	r.Loaded, err = pause(t.closed(ctx, 1, s.each, token))
	r.flooded, err = ended(err)
	return r, err
}

// crowd starts the browsers in a process of its own, so that what is measured here waits for
// the server and not for them; and at the lowest priority, since they stand for machines
// elsewhere. The function it returns ends them.
func (t *target) crowd(ctx context.Context, a app, browsers int) (func(error) (flooded, error), error) {
	nod, err := os.Executable()
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, "nice", "-n", "19", nod, "flood", "-url", t.url, "-client", a.id, "-workers", strconv.Itoa(browsers))
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, os.Stderr
	end, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("start the crowd: %w", err)
	}
	return func(before error) (f flooded, err error) {
		_ = end.Close()
		if err := errors.Join(before, child.Wait()); err != nil {
			return f, err
		}
		return f, json.Unmarshal(out.Bytes(), &f)
	}, nil
}

// flood is the crowd's process: it submits passwords until its input is closed.
func flood(ctx context.Context, s settings) (report, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return nil, err
	}
	t := &target{url: s.url}
	t.connect("127.0.0.1:"+u.Port(), s.workers)
	ctx, stop := context.WithCancel(ctx)
	var f flooded
	var all sync.WaitGroup
	for i := range s.workers {
		all.Go(func() { t.flood(ctx, app{id: s.client}, i, &f) })
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	stop()
	all.Wait()
	return f, errors.Join(err, json.NewEncoder(os.Stdout).Encode(f))
}

// flood submits wrong passwords, each for another name.
func (t *target) flood(ctx context.Context, a app, worker int, r *flooded) {
	for try := 0; ctx.Err() == nil; try++ {
		b := t.browser()
		page, err := b.Get(ctx, t.authorize(a))
		if ctx.Err() != nil {
			return
		}
		if err != nil || page.Status != http.StatusOK {
			r.count(page)
			continue
		}
		name := fmt.Sprintf("nobody%d-%d", worker, try)
		page, err = b.Press(ctx, page, "login-submit", map[string]string{"username": name, "password": passphrase})
		if err == nil {
			r.count(page)
		}
	}
}

func (r *flooded) count(page *formbrowser.Page) {
	switch {
	case page != nil && page.Status == http.StatusOK:
		atomic.AddInt64(&r.Hashed, 1)
	case page != nil && page.Status == http.StatusServiceUnavailable && page.Header.Get("Retry-After") != "":
		atomic.AddInt64(&r.Shed, 1)
	default:
		atomic.AddInt64(&r.Unclear, 1)
	}
}
