package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// crowd is many browsers on pages that wait.
type crowd struct {
	target *target
	host   string
	pages  []*page
	polls  *http.Client

	// What happened to their streams.
	beats, rotated, refused, cut, unreachable atomic.Int64
	// What their looks at the page itself came to.
	looked, shed, failed atomic.Int64

	mu     sync.Mutex
	states map[string]int // what pages were told, by state
	first  string         // the first failure
	all    sync.WaitGroup
}

// gather puts a browser on each of the logins. Nothing is opened yet.
func (t *target) gather(waiters []waiter) *crowd {
	c := &crowd{target: t, host: strings.TrimPrefix(t.url, "http://"), states: map[string]int{}}
	c.polls = &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 200, DialContext: dialed(t.address)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for i := range waiters {
		c.pages = append(c.pages, &page{waiter: &waiters[i], crowd: c, from: machine(i)})
	}
	return c
}

// opened opens the pages of logins, so many in a second, since they do not come at the same
// moment in life either, and waits until each has its stream. leave closes them.
func (t *target) opened(ctx context.Context, waiters []waiter, perSecond int) (c *crowd, leave func(), err error) {
	progress("opening their pages")
	c = t.gather(waiters)
	around, end := context.WithCancel(ctx)
	leave = func() { end(); c.all.Wait() }
	c.start(around, perSecond)
	if err := c.settled(ctx, time.Minute); err != nil {
		leave()
		return nil, nil, err
	}
	return c, leave, nil
}

// machine is an address of loopback to come from: a server can be told some 28,000
// connections apart from each.
func machine(i int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%200))} }

// dial connects from an address of loopback.
func (c *crowd) dial(ctx context.Context, from net.Addr) (net.Conn, error) {
	d := net.Dialer{LocalAddr: from, Timeout: 10 * time.Second}
	return d.DialContext(ctx, "tcp", c.target.address)
}

// start opens the pages, so many in a second, and lets them wait until ctx ends.
func (c *crowd) start(ctx context.Context, perSecond int) {
	gap := time.Second / time.Duration(perSecond)
	next := time.Now()
	for _, p := range c.pages {
		if d := time.Until(next); d > 0 && pause.For(ctx, d) != nil {
			return
		}
		next = next.Add(gap)
		c.all.Go(func() {
			state := p.wait(ctx)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.states[state]++
		})
	}
}

// open is how many streams are.
func (c *crowd) open() (n int) {
	for _, p := range c.pages {
		if p.open.Load() {
			n++
		}
	}
	return n
}

// settled waits until every stream is open.
func (c *crowd) settled(ctx context.Context, within time.Duration) error {
	for deadline := time.Now().Add(within); ; {
		n := c.open()
		if n == len(c.pages) {
			return nil
		}
		if time.Now().After(deadline) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return fmt.Errorf("only %d of %d streams are open: %d refused, %d cut, %d unreachable, states %v, %s",
				n, len(c.pages), c.refused.Load(), c.cut.Load(), c.unreachable.Load(), c.states, c.first)
		}
		if err := pause.For(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// look asks for the page itself and returns its state, "" while it waits or where no answer
// tells, and how long the server asks to be left alone.
func (c *crowd) look(ctx context.Context, w *waiter) (state string, rest time.Duration) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.target.url+"/login/"+w.login, nil)
	if err != nil {
		return "", 0
	}
	req.Header.Set("Cookie", loginCookie+"="+w.cookie)
	req.Header.Set("Accept", "text/html")
	c.looked.Add(1)
	res, err := c.polls.Do(req)
	if err != nil {
		c.fails(err)
		return "", 0
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.fails(err)
		return "", 0
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && res.StatusCode == http.StatusServiceUnavailable {
		c.shed.Add(1)
		return "", time.Duration(seconds) * time.Second
	}
	_, text, _ := strings.Cut(string(body), `<main data-state="`)
	state, _, found := strings.Cut(text, `"`)
	if res.StatusCode >= 500 || !found {
		c.fails(fmt.Errorf("the page: %s", res.Status))
		return "", 0
	}
	if state == "pending" {
		return "", 0
	}
	return state, 0
}

func (c *crowd) fails(err error) {
	c.failed.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == "" {
		c.first = err.Error()
	}
}
