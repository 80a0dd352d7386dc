package chromium

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
)

// windows are the pages that a test has in its hands already.
type windows map[target.ID]bool

// Tab opens an empty page on the phone.
func (b *Browser) Tab() *Tab {
	b.t.Helper()
	return b.tab("the phone")
}

// Elsewhere opens an empty page in a profile of its own: another computer, with other
// cookies and without push.
func (b *Browser) Elsewhere() *Tab {
	b.t.Helper()
	return b.tab("elsewhere", chromedp.WithNewBrowserContext())
}

// Beside opens another empty page in the same profile.
func (tab *Tab) Beside() *Tab {
	tab.b.t.Helper()
	id := chromedp.FromContext(tab.ctx).BrowserContextID
	if id == "" {
		return tab.b.Tab()
	}
	return tab.b.tab(tab.name, chromedp.WithExistingBrowserContext(id))
}

// Opened waits for a window with this text in its address that the test did not open:
// a link to a new window, or a worker that answers a click on a notification.
func (b *Browser) Opened(address string) *Tab {
	b.t.Helper()
	id := browsertest.Until(b.t, fmt.Sprintf("a window to open at %q", address), func() (target.ID, bool) {
		for _, info := range b.pages() {
			if !b.windows[info.TargetID] && strings.Contains(info.URL, address) {
				return info.TargetID, true
			}
		}
		return "", false
	}, b.story)
	return b.tab("opened at "+address, chromedp.WithTargetID(id))
}

// Addresses returns the addresses of all pages.
func (b *Browser) Addresses() []string {
	b.t.Helper()
	var all []string
	for _, info := range b.pages() {
		all = append(all, info.URL)
	}
	return all
}

func (b *Browser) pages() []*target.Info {
	b.t.Helper()
	all, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.t.Fatalf("list the pages: %v", err)
	}
	var pages []*target.Info
	for _, info := range all {
		if info.Type == "page" {
			pages = append(pages, info)
		}
	}
	return pages
}

// story tells what the browser holds, for the text of a failure.
func (b *Browser) story() string {
	lines := []string{"pages:"}
	for _, address := range b.Addresses() {
		lines = append(lines, "  "+address)
	}
	for _, w := range b.Workers() {
		lines = append(lines, fmt.Sprintf("worker %s is %s, %s", w.Script, w.Status, w.Running))
	}
	for _, line := range b.WorkerErrors() {
		lines = append(lines, "worker error: "+line)
	}
	return strings.Join(lines, "\n")
}
