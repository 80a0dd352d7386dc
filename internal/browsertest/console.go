package browsertest

import (
	"slices"
	"strings"
)

// A Message is something that a page said, or the browser said about it.
type Message struct {
	// Kind is log, info, debug, warning and so on as the page said it. Not to be said
	// on a page that works are: error; exception, one that nobody caught; network, an
	// answer with an error status, and other parts of the browser that complain; csp,
	// a violation of the content security policy.
	Kind string
	Text string
}

// String returns the message on one line.
func (m Message) String() string { return m.Kind + ": " + m.Text }

// harmless are the kinds that a page that works may say.
var harmless = []string{"log", "info", "debug", "dir", "table", "trace", "warn", "warning", "timeEnd", "count", "group", "groupEnd"}

// Problems returns the messages that should not be said on a page that works, but for
// those with one of these texts in them, which the test expects.
func Problems(messages []Message, expected ...string) []Message {
	var problems []Message
	for _, m := range messages {
		if slices.Contains(harmless, m.Kind) ||
			slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(m.String(), text) }) {
			continue
		}
		problems = append(problems, m)
	}
	return problems
}

// Story returns the last messages on lines of their own, for the text of a failure.
func Story(messages []Message) string {
	lines := []string{"the console's last lines:"}
	for _, m := range messages[max(0, len(messages)-10):] {
		lines = append(lines, "  "+m.String())
	}
	return strings.Join(lines, "\n")
}
