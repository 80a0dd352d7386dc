package firefox

import (
	"fmt"

	"github.com/nod-idp/nod/internal/browsertest"
)

// system runs a script of the browser itself, which no page could run. The arguments
// are called arguments[0] and so on in it.
func (b *Browser) system(script string, into any, args ...any) error {
	if err := b.Marionette.Call("Marionette:SetContext", map[string]string{"value": "chrome"}, nil); err != nil {
		return err
	}
	if args == nil {
		args = []any{}
	}
	err := b.Marionette.Call("WebDriver:ExecuteScript", map[string]any{"script": script, "args": args}, into)
	if back := b.Marionette.Call("Marionette:SetContext", map[string]string{"value": "content"}, nil); err == nil {
		err = back
	}
	return err
}

// Permit sets what the person answered this origin about notifications, which for
// Firefox includes push.
func (b *Browser) Permit(origin string, answer browsertest.Permission) {
	b.t.Helper()
	err := b.system(`
		const principal = Services.scriptSecurityManager.createContentPrincipalFromOrigin(arguments[0]);
		const action = { granted: Services.perms.ALLOW_ACTION, denied: Services.perms.DENY_ACTION, prompt: Services.perms.PROMPT_ACTION };
		Services.perms.addFromPrincipal(principal, "desktop-notification", action[arguments[1]]);
	`, nil, origin, answer)
	if err != nil {
		b.t.Fatalf("permit notifications for %s: %v", origin, err)
	}
}

// Screen shows the page on another screen. Firefox narrows the page, not the window,
// and does not play a touch screen. The person's preferences hold for all pages.
func (tab *Tab) Screen(s browsertest.Screen) {
	tab.b.t.Helper()
	tab.Focus()
	err := tab.b.system(`
		const [width, height, dark, still] = arguments;
		const dark0light1 = dark ? 0 : 1;
		Services.prefs.setIntPref("layout.css.prefers-color-scheme.content-override", dark0light1);
		Services.prefs.setIntPref("ui.prefersReducedMotion", still ? 1 : 0);
		const { style } = gBrowser.selectedBrowser;
		Object.assign(style, { width: width + "px", height: height + "px", minWidth: 0, minHeight: 0, flex: "none" });
	`, nil, s.Width, s.Height, s.Dark, s.Still)
	if err != nil {
		tab.b.t.Fatalf("%s: show on another screen: %v", tab.name, err)
	}
	tab.Until(fmt.Sprintf("innerWidth === %d && matchMedia('(prefers-color-scheme: dark)').matches === %t", s.Width, s.Dark))
}
