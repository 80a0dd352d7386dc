package firefox

import (
	"fmt"
	"strings"

	"github.com/nod-idp/nod/internal/browsertest"
)

// Console returns what the browser complained about on pages and in workers of this
// page's origin: exceptions that nobody caught, violations of the content security
// policy, warnings. What they write to the console by themselves is printed among much
// else, and only shown when a test fails.
func (tab *Tab) Console() []browsertest.Message {
	tab.b.t.Helper()
	var origin string
	tab.Eval("location.origin", &origin)
	messages, err := tab.b.console(origin + "/")
	if err != nil {
		tab.b.t.Fatalf("%s: read the console: %v", tab.name, err)
	}
	return messages
}

// Problems returns what should not be said on a page that works, but for messages with
// one of these texts.
func (tab *Tab) Problems(expected ...string) []browsertest.Message {
	tab.b.t.Helper()
	return browsertest.Problems(tab.Console(), expected...)
}

// console returns the complaints about addresses that begin like this.
func (b *Browser) console(address string) ([]browsertest.Message, error) {
	var said struct{ Value []browsertest.Message }
	err := b.system(`
		return Services.console.getMessageArray()
			.filter((m) => m instanceof Ci.nsIScriptError && m.sourceName.startsWith(arguments[0]))
			.map((m) => ({
				Kind: m.flags & Ci.nsIScriptError.warningFlag ? "warning" : /^CSP/.test(m.category) ? "csp" : "exception",
				Text: m.errorMessage + " (" + m.sourceName + ":" + m.lineNumber + ")",
			}));
	`, &said, address)
	return said.Value, err
}

// story tells what was last said, for the text of a failure.
func (b *Browser) story() string {
	messages, err := b.console("http")
	if err != nil {
		return fmt.Sprintf("no console (%v); Firefox printed:\n%s", err, b.process.Printed(20))
	}
	log := b.Autopush.Log()
	lines := append([]string{browsertest.Story(messages), "it said to the push service:"}, log[max(0, len(log)-6):]...)
	return strings.Join(append(lines, "it printed:", b.process.Printed(10)), "\n")
}
