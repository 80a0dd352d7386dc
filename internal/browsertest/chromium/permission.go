package chromium

import (
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
)

// Permit sets what the person answered this origin about notifications and push on the
// phone.
func (b *Browser) Permit(origin string, answer browsertest.Permission) {
	b.t.Helper()
	for _, descriptor := range []*browser.PermissionDescriptor{
		{Name: "notifications"},
		{Name: "push", UserVisibleOnly: true},
	} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: descriptor, Setting: browser.PermissionSetting(answer), Origin: origin,
		})
		if err != nil {
			b.t.Fatalf("permit %s for %s: %v", descriptor.Name, origin, err)
		}
	}
}
