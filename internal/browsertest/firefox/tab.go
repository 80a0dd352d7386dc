package firefox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/nod-idp/nod/internal/browsertest"
)

// A Tab is one page. Whatever is done to it brings it to the front first: WebAuthn
// refuses pages that are not.
type Tab struct {
	b      *Browser
	name   string
	handle string
}

// Open goes to an address and waits until the page has loaded.
func (tab *Tab) Open(address string) {
	tab.b.t.Helper()
	tab.call("open "+address, "WebDriver:Navigate", map[string]string{"url": address}, nil)
}

// Reload loads the page again.
func (tab *Tab) Reload() {
	tab.b.t.Helper()
	tab.call("reload", "WebDriver:Refresh", nil, nil)
}

// Close closes the page.
func (tab *Tab) Close() {
	tab.b.t.Helper()
	if err := tab.close(); err != nil {
		tab.b.t.Fatalf("%s: close: %v", tab.name, err)
	}
}

func (tab *Tab) close() error {
	if err := tab.b.show(tab.handle); err != nil {
		return err
	}
	if err := tab.b.Marionette.Call("WebDriver:CloseWindow", nil, nil); err != nil {
		return err
	}
	return tab.b.show(tab.b.first) // commands have to go somewhere
}

// Address returns where the page is.
func (tab *Tab) Address() string {
	tab.b.t.Helper()
	var answer struct{ Value string }
	tab.call("address", "WebDriver:GetCurrentURL", nil, &answer)
	return answer.Value
}

// Focus brings the page to the front.
func (tab *Tab) Focus() {
	tab.b.t.Helper()
	if err := tab.b.show(tab.handle); err != nil {
		tab.b.t.Fatalf("%s: focus: %v\n%s", tab.name, err, tab.b.story())
	}
}

// Eval evaluates an expression in the page, waits for it if it is a promise, and stores
// the result as JSON would; with nil the result does not matter.
func (tab *Tab) Eval(expression string, into any) {
	tab.b.t.Helper()
	if err := tab.eval(expression, into); err != nil {
		tab.b.t.Fatalf("%s: evaluate %s: %v\n%s", tab.name, browsertest.Short(expression), err, tab.b.story())
	}
}

func (tab *Tab) eval(expression string, into any) error {
	if err := tab.b.show(tab.handle); err != nil {
		return err
	}
	var written struct{ Value string }
	// Without the name of a sandbox the script sees what the page's own scripts see,
	// and no content security policy stands in its way.
	err := tab.b.Marionette.Call("WebDriver:ExecuteScript", map[string]any{
		"script": "return (async () => JSON.stringify(await (" + expression + ")) ?? 'null')()", "args": []any{},
	}, &written)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal([]byte(written.Value), into)
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
	}, func() string { return fmt.Sprintf("last error: %v\n%s", last, tab.b.story()) })
}

// Screenshot writes a picture of the whole page, top to bottom, to a PNG file.
func (tab *Tab) Screenshot(file string) {
	tab.b.t.Helper()
	var answer struct{ Value string }
	tab.call("screenshot", "WebDriver:TakeScreenshot", map[string]bool{"full": true, "hash": false}, &answer)
	picture, err := base64.StdEncoding.DecodeString(answer.Value)
	if err == nil {
		err = browsertest.Save(file, picture)
	}
	if err != nil {
		tab.b.t.Fatalf("%s: screenshot: %v", tab.name, err)
	}
}

// call carries out a command on this page or fails the test.
func (tab *Tab) call(what, command string, params, into any) {
	tab.b.t.Helper()
	tab.Focus()
	if err := tab.b.Marionette.Call(command, params, into); err != nil {
		tab.b.t.Fatalf("%s: %s: %v\n%s", tab.name, what, err, tab.b.story())
	}
}
