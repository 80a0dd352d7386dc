package chromium

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
)

// A Tab is one page.
type Tab struct {
	b       *Browser
	name    string
	ctx     context.Context
	cancel  context.CancelFunc
	console *console
}

func (b *Browser) tab(name string, options ...chromedp.ContextOption) *Tab {
	b.t.Helper()
	tab := &Tab{b: b, name: name, console: &console{}}
	options = append(options, chromedp.WithListener(tab.console.listen))
	tab.ctx, tab.cancel = chromedp.NewContext(b.ctx, options...)
	b.t.Cleanup(tab.cancel)
	if err := chromedp.Do(tab.ctx); err != nil {
		b.t.Fatalf("open a page: %v", err)
	}
	b.windows[chromedp.FromContext(tab.ctx).Target.TargetID] = true
	// Violations of the content security policy arrive as issues.
	if _, err := chromedp.Call(tab.ctx, audits.Enable, cdp.Empty{}); err != nil {
		b.t.Fatalf("open a page: %v", err)
	}
	return tab
}

// Context returns the handle by which chromedp and cdproto reach the page.
func (tab *Tab) Context() context.Context { return tab.ctx }

// Do runs steps of chromedp, which may take as long as patience lasts.
func (tab *Tab) Do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.b.t.Helper()
	if err := tab.try(func(ctx context.Context) error { return chromedp.Do(ctx, steps...) }); err != nil {
		tab.b.t.Fatalf("%s: %s: %v\n%s", tab.name, what, err, tab.story())
	}
}

// try runs something that may take as long as patience lasts.
func (tab *Tab) try(run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(tab.ctx, browsertest.Patience)
	defer cancel()
	return run(ctx)
}

// Open goes to an address and waits until the page has loaded.
func (tab *Tab) Open(address string) {
	tab.b.t.Helper()
	tab.Do("open "+address, chromedp.Navigate(address))
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.b.t.Helper()
	tab.Do("reload", chromedp.Reload())
}

// Close closes the page.
func (tab *Tab) Close() { tab.cancel() }

// Address returns where the page is.
func (tab *Tab) Address() string {
	tab.b.t.Helper()
	var address string
	tab.Eval("location.href", &address)
	return address
}

// Focus brings the page to the front.
func (tab *Tab) Focus() {
	tab.b.t.Helper()
	if _, err := chromedp.Call(tab.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		tab.b.t.Fatalf("%s: focus: %v", tab.name, err)
	}
}

// Eval evaluates an expression in the page, waits for it if it is a promise, and stores
// the result as JSON would; with nil the result does not matter.
func (tab *Tab) Eval(expression string, into any) {
	tab.b.t.Helper()
	if err := tab.eval(expression, into); err != nil {
		tab.b.t.Fatalf("%s: evaluate %s: %v\n%s", tab.name, browsertest.Short(expression), err, tab.story())
	}
}

func (tab *Tab) eval(expression string, into any) error {
	return tab.try(func(ctx context.Context) error {
		// By way of JSON.stringify, which knows how subscriptions and credentials are
		// written down; the protocol by itself does not.
		written, err := chromedp.Run(ctx, chromedp.Evaluate[*string](
			"(async () => JSON.stringify(await ("+expression+")) ?? 'null')()", chromedp.EvalAwaitPromise))
		if err != nil || into == nil {
			return err
		}
		return json.Unmarshal([]byte(*written), into)
	})
}

// Until evaluates an expression until it is true. Errors on the way, as while the next
// page loads, count as not yet.
func (tab *Tab) Until(expression string) {
	tab.b.t.Helper()
	var last error
	browsertest.Until(tab.b.t, browsertest.Short(expression)+" to be true on "+tab.name, func() (bool, bool) {
		yes := false
		last = tab.eval("Boolean(await ("+expression+"))", &yes)
		return yes, yes && last == nil
	}, func() string { return fmt.Sprintf("last error: %v\n%s", last, tab.story()) })
}
