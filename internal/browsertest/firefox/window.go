package firefox

import (
	"fmt"
	"strings"

	"github.com/nod-idp/nod/internal/browsertest"
)

// Tab opens an empty page.
func (b *Browser) Tab() *Tab {
	b.t.Helper()
	var opened struct{ Handle string }
	b.call("open a page", "WebDriver:NewWindow", map[string]any{"type": "tab", "focus": true}, &opened)
	return b.tab("the phone", opened.Handle)
}

// Opened waits for a window with this text in its address that the test did not open:
// a link to a new window, or a worker that answers a click on a notification.
func (b *Browser) Opened(address string) *Tab {
	b.t.Helper()
	handle := browsertest.Until(b.t, fmt.Sprintf("a window to open at %q", address), func() (string, bool) {
		for handle, at := range b.pages() {
			if !b.windows[handle] && strings.Contains(at, address) {
				return handle, true
			}
		}
		return "", false
	}, b.story)
	return b.tab("opened at "+address, handle)
}

// Addresses returns the addresses of all pages.
func (b *Browser) Addresses() []string {
	b.t.Helper()
	var all []string
	for _, at := range b.pages() {
		all = append(all, at)
	}
	return all
}

func (b *Browser) tab(name, handle string) *Tab {
	b.windows[handle] = true
	tab := &Tab{b: b, name: name, handle: handle}
	b.t.Cleanup(func() { _ = tab.close() }) // closed already is fine
	return tab
}

// show makes a page the one that commands go to and brings it to the front.
func (b *Browser) show(handle string) error {
	if b.current == handle {
		return nil
	}
	if err := b.Marionette.Call("WebDriver:SwitchToWindow", map[string]any{"handle": handle, "focus": true}, nil); err != nil {
		return err
	}
	b.current = handle
	return nil
}

// pages returns the address of every page by its handle.
func (b *Browser) pages() map[string]string {
	b.t.Helper()
	var handles []string
	b.call("list the pages", "WebDriver:GetWindowHandles", nil, &handles)
	pages := map[string]string{}
	// A look does not bring to the front, and a page may close meanwhile.
	for _, handle := range handles {
		var at struct{ Value string }
		b.current = ""
		if b.Marionette.Call("WebDriver:SwitchToWindow", map[string]any{"handle": handle, "focus": false}, nil) == nil &&
			b.Marionette.Call("WebDriver:GetCurrentURL", nil, &at) == nil {
			pages[handle] = at.Value
		}
	}
	return pages
}
