package simulator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

// silence is how long a stream may say nothing; the server's heart beats every 15 s.
const silence = 40 * time.Second

var (
	errSilent   = errors.New("the event stream fell silent")
	errNoStream = errors.New("the server sent no event stream")
)

// stream is an event stream of the server.
type stream struct {
	phone    *Phone
	ctx      context.Context // whose cause says why it was cut
	cut      context.CancelCauseFunc
	body     io.Closer
	events   *eventReader
	watchdog *time.Timer
	heard    bool // an event
}

// listen opens a stream, which outlives ctx.
func (p *Phone) listen(ctx context.Context) (*stream, error) {
	s := &stream{phone: p}
	s.ctx, s.cut = context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { s.cut(context.Cause(ctx)) })
	defer stop()
	s.watchdog = time.AfterFunc(silence, func() { s.cut(errSilent) })
	resp, err := p.send(s.ctx, protocol.VerbStream, protocol.Empty{})
	if err != nil {
		s.watchdog.Stop()
		s.cut(nil)
		return nil, err
	}
	s.body, s.events = resp.Body, newEventReader(resp.Body, func() { s.watchdog.Reset(silence) })
	return s, nil
}

func (s *stream) close() {
	s.watchdog.Stop()
	s.cut(nil)
	_ = s.body.Close()
}

// next reads until there are open requests, or none and no error where the stream has ended.
// It cuts the stream when ctx ends.
func (s *stream) next(ctx context.Context) ([]protocol.Request, error) {
	stop := context.AfterFunc(ctx, func() { s.cut(context.Cause(ctx)) })
	defer stop()
	s.watchdog.Reset(silence) // nobody listened meanwhile
	defer s.watchdog.Stop()
	for {
		name, err := s.events.next()
		switch {
		case errors.Is(err, io.EOF) && s.heard:
			return nil, nil // its time was up; there will be another
		case errors.Is(err, io.EOF):
			return nil, errNoStream
		case err != nil:
			return nil, fmt.Errorf("stream: %w", errors.Join(err, context.Cause(s.ctx)))
		}
		s.heard = true
		if name != protocol.EventRequests {
			continue
		}
		open, err := s.phone.Requests(ctx)
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
