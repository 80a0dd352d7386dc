package simulator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/pause"
)

const (
	pollPause = 2 * time.Second
	// silence is how long a stream may say nothing; the server's heart beats
	// every 15 s.
	silence = 40 * time.Second
)

// Wait returns the open requests as soon as there are any. It listens to the
// server's event stream, and asks every two seconds where streams do not work.
func (p *Phone) Wait(ctx context.Context) ([]protocol.Request, error) {
	for {
		// A stream says at its start that there may be news, so it is opened first
		// and nothing falls in between.
		open, err := p.follow(ctx)
		if len(open) > 0 {
			return open, nil
		}
		if final(err) || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		if err == nil {
			// Streams end together when a server stops; they need not return so.
			if err := pause.For(ctx, rand.N(time.Second)); err != nil {
				return nil, err
			}
			continue
		}
		if err := pause.For(ctx, pollPause); err != nil {
			return nil, err
		}
		if open, err = p.Requests(ctx); len(open) > 0 || final(err) {
			return open, err
		}
	}
}

var (
	errSilent   = errors.New("the event stream fell silent")
	errNoStream = errors.New("the server sent no event stream")
)

// follow reads one stream until there are open requests or it ends.
func (p *Phone) follow(ctx context.Context) ([]protocol.Request, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()
	resp, err := p.send(ctx, protocol.VerbStream, protocol.Empty{})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	events := newEventReader(resp.Body, func() { watchdog.Reset(silence) })
	for heard := false; ; heard = true {
		name, err := events.next()
		switch {
		case errors.Is(err, io.EOF) && heard:
			return nil, nil // its time was up; there will be another
		case errors.Is(err, io.EOF):
			return nil, errNoStream
		case err != nil:
			return nil, fmt.Errorf("stream: %w", errors.Join(err, context.Cause(ctx)))
		case name != protocol.EventRequests:
			continue
		}
		open, err := p.Requests(ctx)
		if len(open) > 0 || err != nil {
			return open, err
		}
	}
}

// eventReader reads the names of server-sent events (WHATWG HTML, section 9.2.6).
type eventReader struct {
	lines *bufio.Scanner
	heard func()
}

func newEventReader(r io.Reader, heard func()) *eventReader {
	return &eventReader{lines: bufio.NewScanner(r), heard: heard}
}

// next returns the name of the next event that has one.
func (e *eventReader) next() (name string, err error) {
	for e.lines.Scan() {
		e.heard()
		line := e.lines.Text()
		if line == "" && name != "" {
			return name, nil
		}
		if value, found := strings.CutPrefix(line, "event:"); found {
			name = strings.TrimPrefix(value, " ")
		}
	}
	if err := e.lines.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}
