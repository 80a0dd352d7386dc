package simulator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/pause"
)

// ask shows one request and carries out the person's decision.
func (t Terminal) ask(ctx context.Context, lines <-chan string, p *Phone, r protocol.Request) error {
	r, err := p.Open(ctx, r.ID)
	if err != nil || r.State != protocol.StatePending {
		t.printf("\nA request was over before it could be shown.\n")
		return pause.For(ctx, pollPause) // it may take a moment to leave the list
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
		number = ""
	}
	if !saysYes(word, r.MatchDigits) {
		t.printf("That is none of these answers.\n")
		return nil // it is asked again
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

// saysYes reports whether a word approves: the digits of the login page, or yes where
// it shows none.
func saysYes(word string, digits int) bool {
	if digits == 0 {
		return strings.EqualFold(word, "y") || strings.EqualFold(word, "yes")
	}
	return len(word) == digits && strings.Trim(word, "0123456789") == ""
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
		{"application", c.ClientName}, {"about", c.Message}, {"from", from}, {"browser", browser}, {"time", c.At.Local().Format(time.TimeOnly)},
		{"open for", r.ExpiresAt.Sub(t.now().Add(p.Offset())).Round(time.Second).String()},
	} {
		if row[1] != "" {
			t.printf("  %-12s %s\n", row[0], row[1])
		}
	}
	if c.Browser == "" && c.IP == "" {
		t.printf("  The application asks by itself, without a browser.\n")
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
