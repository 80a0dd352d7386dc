package chromium

import "github.com/chromedp/chromedp"

// See waits until the element is visible.
func (tab *Tab) See(selector string) {
	tab.b.t.Helper()
	tab.Do("see "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Click clicks the element with the mouse once it is visible.
func (tab *Tab) Click(selector string) {
	tab.b.t.Helper()
	tab.Do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Tap touches the element with a finger once it is visible.
func (tab *Tab) Tap(selector string) {
	tab.b.t.Helper()
	tab.Do("tap "+selector, chromedp.Tap(chromedp.CSS(selector)))
}

// Type types into the element once it is visible; "\r" is the Enter key.
func (tab *Tab) Type(selector, text string) {
	tab.b.t.Helper()
	tab.Do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text returns the text of the element as a person sees it.
func (tab *Tab) Text(selector string) string {
	tab.b.t.Helper()
	tab.See(selector)
	text, err := chromedp.Run(tab.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		tab.b.t.Fatalf("%s: text of %s: %v\n%s", tab.name, selector, err, tab.story())
	}
	return text
}
