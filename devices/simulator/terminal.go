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

// ask shows one request and carries out the person's decision.
func (t Terminal) ask(ctx context.Context, lines <-chan string, p *Phone, r protocol.Request) error {
	if _, err := p.Open(ctx, r.ID); err != nil {
		t.printf("\nA request was over before it could be shown: %s\n", Explain(err))
		return pause(ctx, pollPause)
	}
	t.show(p, r)
	word, err := t.line(ctx, lines, t.question(r))
	if err != nil {
		return err
	}
	switch strings.ToLower(word) {
	case "d", "deny":
		err = p.Deny(ctx, r.ID)
	case "r", "report":
		err = p.Report(ctx, r.ID)
	case "":
		return nil // it is asked again
	default:
		return t.approve(ctx, lines, p, r, word)
	}
	if err != nil {
		t.printf("That did not work: %s\n", Explain(err))
		return nil
	}
	t.printf("Done. Nobody was signed in.\n")
	return nil
}

func (t Terminal) approve(ctx context.Context, lines <-chan string, p *Phone, r protocol.Request, word string) error {
	number, pin := word, t.PIN
	if r.MatchDigits == 0 {
		if number = ""; !strings.EqualFold(word, "y") && !strings.EqualFold(word, "yes") {
			t.printf("Please type y, d or r.\n")
			return nil
		}
	}
	if p.Verification() == protocol.VerifyPIN && pin == "" {
		var err error
		if pin, err = t.line(ctx, lines, "PIN: "); err != nil {
			return err
		}
	}
	passcode, err := p.ApproveRequest(ctx, r, number, pin)
	if err != nil {
		t.printf("That did not work: %s\n", Explain(err))
		return nil
	}
	t.printf("Approved. The passcode %s was sent to the login page.\n", passcode)
	return nil
}

func (t Terminal) show(p *Phone, r protocol.Request) {
	c := r.Context.Clean()
	from := c.IP
	if c.Place != "" {
		from += ", " + c.Place
	}
	browser := strings.TrimSpace(strings.Join([]string{c.Browser, c.OS}, " "))
	t.printf("\nSign-in request for %s\n", p.describe())
	for _, row := range [][2]string{
		{"application", c.ClientName}, {"from", from}, {"browser", browser}, {"time", c.At.Local().Format(time.TimeOnly)},
		{"open for", r.ExpiresAt.Sub(t.now().Add(p.Offset())).Round(time.Second).String()},
	} {
		if row[1] != "" {
			t.printf("  %-12s %s\n", row[0], row[1])
		}
	}
	if r.NewClient {
		t.printf("  Look twice: you never used this application before.\n")
	}
	if r.NewNetwork {
		t.printf("  Look twice: you never signed in from this network before.\n")
	}
}

func (t Terminal) question(r protocol.Request) string {
	if r.MatchDigits == 0 {
		return "y approves, d denies, r reports that this was not you: "
	}
	return fmt.Sprintf("The %d digits on the login page approve, d denies, r reports that this was not you: ", r.MatchDigits)
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
