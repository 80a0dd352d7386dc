package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
)

type latencyReport struct {
	Pages int `json:"pages"`
	// From the moment that the phone sends its answer, and from the one that the server
	// answered it, until the page was told.
	Sent        time.Duration `json:"sent_median_ns"`
	SentP99     time.Duration `json:"sent_p99_ns"`
	Answered    time.Duration `json:"answered_median_ns"`
	AnsweredP99 time.Duration `json:"answered_p99_ns"`
	Untold      int           `json:"untold"`
}

// String is the result for people.
func (r latencyReport) String() string {
	return fmt.Sprintf(`%d pages wait, their phones approve one after another:
  from the phone's sending to the page: p50 %s ms, p99 %s ms
  from the server's answer to the phone: p50 %s ms, p99 %s ms
  %d pages were not told`, r.Pages, ms(r.Sent), ms(r.SentP99), ms(r.Answered), ms(r.AnsweredP99), r.Untold)
}

// Verdict is an error where a page was not told.
func (r latencyReport) Verdict() error {
	if r.Untold > 0 {
		return fmt.Errorf("%d pages were not told", r.Untold)
	}
	return nil
}

// latency measures how long after an approval its page knows.
func latency(ctx context.Context, s settings) (_ report, err error) {
	t, err := start(ctx, s, "--approval-window", waitingWindow.String(), "--argon2-memory", "8MiB", "--argon2-time", "1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	progress("setting up %d people with their phones", s.pages)
	a, err := t.addClient(ctx, "asking", "--redirect-uri", callback, "--pkce", "optional", "--second-factor", "push")
	if err != nil {
		return nil, err
	}
	if err := t.addPeople(ctx, s.pages); err != nil {
		return nil, err
	}
	var phones []*simulator.App
	for i := range s.pages {
		phone, err := t.phone(ctx, i)
		if err != nil {
			return nil, err
		}
		phones = append(phones, phone)
	}
	progress("letting their logins wait")
	var waiters []waiter
	var numbers []string
	for i := range s.pages {
		b := t.browser()
		page, err := t.ask(ctx, b, a, i)
		if err != nil {
			return nil, err
		}
		w, err := waiterOf(b, page)
		if err != nil {
			return nil, err
		}
		waiters, numbers = append(waiters, w), append(numbers, page.Text("match-number"))
	}
	r := latencyReport{Pages: s.pages}
	err = r.measure(ctx, t.gather(waiters), phones, numbers)
	return r, err
}

func (r *latencyReport) measure(ctx context.Context, c *crowd, phones []*simulator.App, numbers []string) error {
	around, end := context.WithCancel(ctx)
	defer c.all.Wait()
	defer end()
	heard := make([]chan time.Time, len(c.pages))
	for i, p := range c.pages {
		heard[i] = make(chan time.Time, 1)
		c.all.Go(func() {
			if p.wait(around) == "approved" {
				heard[i] <- time.Now()
			}
		})
	}
	if err := c.settled(ctx, 30*time.Second); err != nil {
		return err
	}
	var sent, answered []time.Duration
	for i, phone := range phones {
		open, err := phone.Requests(ctx)
		if err != nil || len(open) != 1 {
			return fmt.Errorf("a phone has %d requests: %w", len(open), err)
		}
		began := time.Now()
		if _, err := phone.ApproveRequest(ctx, open[0], numbers[i], ""); err != nil {
			return err
		}
		answer := time.Now()
		select {
		case at := <-heard[i]:
			sent, answered = append(sent, at.Sub(began)), append(answered, max(0, at.Sub(answer)))
		case <-time.After(10 * time.Second):
			r.Untold++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.Sent, r.SentP99 = percentile(sent, 50), percentile(sent, 99)
	r.Answered, r.AnsweredP99 = percentile(answered, 50), percentile(answered, 99)
	return nil
}
