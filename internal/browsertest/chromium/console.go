package chromium

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"

	"github.com/nod-idp/nod/internal/browsertest"
)

// console collects messages. Events come before the answer to the command that caused
// them, so what a step caused is here when the step is over.
type console struct {
	mu       sync.Mutex
	messages []browsertest.Message
}

func (c *console) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		c.add(e.Type.String(), said(e.Args))
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		c.add("exception", text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			c.add(e.Entry.Source.String(), strings.TrimSpace(e.Entry.Text+" "+e.Entry.URL))
		}
	case *audits.EventIssueAdded:
		if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
			c.add("csp", violation(d.ContentSecurityPolicyIssueDetails))
		}
	}
}

func (c *console) add(kind, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, browsertest.Message{Kind: kind, Text: text})
}

// said returns the arguments of a call of the console on one line.
func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		word := a.Description
		if word == "" {
			word = string(a.Value)
			var text string
			if json.Unmarshal(a.Value, &text) == nil {
				word = text
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func violation(d *audits.ContentSecurityPolicyIssueDetails) string {
	place := ""
	if l := d.SourceCodeLocation; l != nil {
		place = fmt.Sprintf(" at %s:%d", l.URL, l.LineNumber+1)
	}
	return fmt.Sprintf("%s forbids %s %s%s", d.ViolatedDirective, d.ContentSecurityPolicyViolationType, d.BlockedURL, place)
}

// Console returns everything that was said on the page.
func (tab *Tab) Console() []browsertest.Message {
	tab.console.mu.Lock()
	defer tab.console.mu.Unlock()
	return slices.Clone(tab.console.messages)
}

// Problems returns what should not be said on a page that works, but for messages with
// one of these texts.
func (tab *Tab) Problems(expected ...string) []browsertest.Message {
	return browsertest.Problems(tab.Console(), expected...)
}

// story tells what was last said, for the text of a failure.
func (tab *Tab) story() string {
	return browsertest.Story(tab.Console()) + "\n" + tab.b.story()
}
