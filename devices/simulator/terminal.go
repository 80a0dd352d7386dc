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

// Terminal is the screen and the keys of phones that live in a terminal.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	PIN string           // "" asks for it where a phone needs one
	Now func() time.Time // nil means time.Now
}

// errClosed ends a conversation whose other side has left.
var errClosed = errors.New("the input has ended")

// Watch waits for requests to any of the phones and asks what to do with each,
// until the context or the input ends, or no phone is left that can be asked.
func (t Terminal) Watch(ctx context.Context, phones ...*Phone) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := make(chan incoming)
	for _, p := range phones {
		go p.report(ctx, requests)
	}
	lines, ended := readLines(t.In)
	for left := len(phones); left > 0; {
		select {
		case <-ctx.Done():
			return nil
		case <-ended:
			return nil
		case got := <-requests:
			if got.err != nil {
				t.printf("%s: %s\n", got.phone.describe(), Explain(got.err))
				left--
				continue
			}
			err := t.ask(ctx, lines, got.phone, got.request)
			close(got.done)
			if errors.Is(err, errClosed) || ctx.Err() != nil {
				return nil
			}
		}
	}
	return errors.New("no device is left that could be asked")
}

// incoming is a request that a phone shows, or the reason why it will show no more.
type incoming struct {
	phone   *Phone
	request protocol.Request
	done    chan struct{}
	err     error
}

// report hands on what the phone receives, one at a time: what was not answered
// comes again.
func (p *Phone) report(ctx context.Context, to chan<- incoming) {
	for {
		open, err := p.Wait(ctx)
		if ctx.Err() != nil {
			return
		}
		got := incoming{phone: p, err: err, done: make(chan struct{})}
		if len(open) > 0 {
			got.request = open[0]
		}
		select {
		case to <- got:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		select {
		case <-got.done:
		case <-ctx.Done():
			return
		}
	}
}

func (t Terminal) line(ctx context.Context, lines <-chan string, prompt string) (string, error) {
	t.printf("%s", prompt)
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case line, open := <-lines:
		if !open {
			return "", errClosed
		}
		return strings.TrimSpace(line), nil
	}
}

func (t Terminal) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

func (t Terminal) printf(format string, args ...any) { _, _ = fmt.Fprintf(t.Out, format, args...) }

// readLines reads in the background, since reading from a terminal cannot be broken
// off; a line that nobody takes is lost with the process.
func readLines(r io.Reader) (lines <-chan string, ended <-chan struct{}) {
	to, end := make(chan string), make(chan struct{})
	go func() {
		defer close(end)
		defer close(to)
		for scanner := bufio.NewScanner(r); scanner.Scan(); {
			to <- scanner.Text()
		}
	}()
	return to, end
}

// describe names a phone by its person and its server, free of anything that could
// confuse a terminal.
func (p *Phone) describe() string {
	name := p.record.Account.Name
	if name == "" {
		name = p.record.Account.ID
	}
	return protocol.Context{ClientName: name}.Clean().ClientName + " at " + p.record.Server
}

// Explain is what a person is told of an error: the server's own sentence, if there
// is one.
func Explain(err error) string {
	var refusal *protocol.Error
	if !errors.As(err, &refusal) || refusal.Message == "" {
		return err.Error()
	}
	text := protocol.Context{ClientName: refusal.Message}.Clean().ClientName
	if refusal.TriesLeft != nil {
		text += fmt.Sprintf(" Tries left: %d.", *refusal.TriesLeft)
	}
	return text
}
