package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

type startReport struct {
	// Starts are the times from the start of the process to its first discovery answer.
	Starts []time.Duration `json:"starts_ns"`
	Median time.Duration   `json:"median_ns"`
	// Resident memory: two seconds after a start, while passwords are hashed, after that
	// load is over and given back.
	IdleMiB   float64 `json:"idle_mib"`
	LoadedMiB float64 `json:"loaded_mib"`
	AfterMiB  float64 `json:"after_mib"`
}

// String is the result for people.
func (r startReport) String() string {
	var all []string
	for _, d := range r.Starts {
		all = append(all, fmt.Sprintf("%.0f", float64(d)/float64(time.Millisecond)))
	}
	return fmt.Sprintf(`first discovery answer after %s ms; median %s ms
resident memory: %.1f MiB idle, %.1f MiB under load, %.1f MiB when it was over`,
		strings.Join(all, ", "), ms(r.Median), r.IdleMiB, r.LoadedMiB, r.AfterMiB)
}

// starting measures how soon nod answers and what it holds before and after a load.
func starting(ctx context.Context, s settings) (_ report, err error) {
	t, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	service, plain, err := t.addApps(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.addPeople(ctx, s.workers); err != nil {
		return nil, err
	}
	var r startReport
	for range s.times {
		if err := t.end(); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := t.launch(); err != nil {
			return nil, err
		}
		if err := t.answers(ctx); err != nil {
			return nil, err
		}
		r.Starts = append(r.Starts, time.Since(began))
	}
	r.Median = percentile(slices.Clone(r.Starts), 50)
	if err := pause.For(ctx, min(2*time.Second, s.each)); err != nil {
		return nil, err
	}
	if r.IdleMiB, err = t.holds(); err != nil {
		return nil, err
	}
	progress("loading it")
	_, err = t.closed(ctx, s.workers, s.each, func(i int) func(context.Context) error {
		return func(ctx context.Context) error {
			code, err := t.signIn(ctx, plain, i, nil)
			if err == nil {
				_, err = t.redeem(ctx, plain, code)
			}
			if err == nil {
				err = t.post(ctx, service, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, nil)
			}
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	if r.LoadedMiB, err = t.holds(); err != nil {
		return nil, err
	}
	if err := pause.For(ctx, min(30*time.Second, 6*s.each)); err != nil {
		return nil, err
	}
	r.AfterMiB, err = t.holds()
	return r, err
}

// holds is the resident memory of the server in MiB.
func (t *target) holds() (float64, error) {
	memory, err := resident(t.process.Process.Pid)
	return mib(memory), err
}

// end asks the process to stop and waits for it.
func (t *target) end() error {
	if err := t.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := t.process.Wait()
	t.client.CloseIdleConnections()
	return err
}
