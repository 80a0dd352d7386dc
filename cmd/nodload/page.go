package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// page is a browser on the page that waits: it behaves as the page's own script does
// (web/login/static/wait.js) on top of an EventSource. It follows the event stream and comes
// back after the time that the stream advises; while it has none for long it asks for the page
// itself; a refusal ends the stream for five to fifteen seconds.
type page struct {
	*waiter
	crowd *crowd
	from  net.Addr // the address of its machine

	conn  net.Conn
	lines *bufio.Reader
	retry time.Duration

	open atomic.Bool // its stream is
	due  time.Time   // when the page is asked for next, zero while its stream is open
}

// As in the page's script.
const (
	firstPoll  = 3500 * time.Millisecond // after a cut
	pollEvery  = 2 * time.Second
	pollSpread = 500 * time.Millisecond
)

// told is what a stream says.
type told struct {
	State    string `json:"state"`
	Progress string `json:"progress"`
}

// errRefused is returned for a stream that was answered with another status.
var errRefused = errors.New("the stream was refused")

// wait follows the page until its login no longer waits or ctx ends. It returns the state
// that it was told, "" if none.
func (p *page) wait(ctx context.Context) string {
	defer p.drop()
	p.retry = 3 * time.Second // what browsers do without advice
	for ctx.Err() == nil {
		state, err := p.follow(ctx)
		p.open.Store(false)
		if state != "" {
			return state
		}
		if ctx.Err() != nil {
			return ""
		}
		again, refused := p.retry, errors.Is(err, errRefused)
		if refused {
			p.crowd.refused.Add(1)
			again = 5*time.Second + rand.N(10*time.Second)
		}
		if state := p.between(ctx, again, refused); state != "" {
			return state
		}
	}
	return ""
}

// follow opens the stream and reads it to its end, which is no error.
func (p *page) follow(ctx context.Context) (state string, err error) {
	if p.conn == nil {
		if p.conn, err = p.crowd.dial(ctx, p.from); err != nil {
			p.crowd.unreachable.Add(1)
			return "", err
		}
		p.lines = bufio.NewReaderSize(p.conn, 1024)
	}
	conn := p.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	whole := false
	defer func() {
		if !whole || err != nil {
			p.drop()
		}
	}()
	_, err = fmt.Fprintf(p.conn, "GET /login/%s/stream HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nCookie: %s=%s\r\nSec-Fetch-Site: same-origin\r\nUser-Agent: %s\r\n\r\n",
		p.login, p.crowd.host, loginCookie, p.cookie, agent)
	if err != nil {
		return "", err
	}
	res, err := http.ReadResponse(p.lines, nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		_, err := io.Copy(io.Discard, res.Body)
		whole = err == nil
		return "", fmt.Errorf("%w: %s", errRefused, res.Status)
	}
	p.open.Store(true)
	p.due = time.Time{}
	for lines := bufio.NewReaderSize(res.Body, 256); ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			whole = true
			p.crowd.rotated.Add(1)
			return "", nil
		}
		if err != nil {
			p.crowd.cut.Add(1)
			return "", err
		}
		if state := p.take(strings.TrimSpace(line)); state != "" {
			return state, nil
		}
	}
}

const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// take reads one line of the stream and returns a state that is not that it waits.
func (p *page) take(line string) string {
	switch name, value, _ := strings.Cut(line, ":"); name {
	case "retry":
		if ms, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
			p.retry = time.Duration(ms) * time.Millisecond
		}
	case "": // a comment, or the end of an event
		if value != "" {
			p.crowd.beats.Add(1)
		}
	case "data":
		var t told
		if json.Unmarshal([]byte(value), &t) == nil && t.State != "" && t.State != "pending" {
			return t.State
		}
	}
	return ""
}

// between waits until the stream is tried again, and asks for the page when that is due: soon
// after a refusal, but after a cut only when the stream had time to come back.
func (p *page) between(ctx context.Context, again time.Duration, refused bool) string {
	switch {
	case !p.due.IsZero(): // since its stream was last open
	case refused:
		p.due = time.Now().Add(pollEvery + rand.N(pollSpread))
	default:
		p.due = time.Now().Add(firstPoll + rand.N(pollSpread))
	}
	for until := time.Now().Add(again); ; {
		if p.due.After(until) {
			_ = pause.For(ctx, time.Until(until))
			return ""
		}
		if pause.For(ctx, time.Until(p.due)) != nil {
			return ""
		}
		state, rest := p.crowd.look(ctx, p.waiter)
		if state != "" {
			return state
		}
		p.due = time.Now().Add(max(pollEvery, rest) + rand.N(pollSpread))
	}
}

func (p *page) drop() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}
