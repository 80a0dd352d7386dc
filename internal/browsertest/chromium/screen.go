package chromium

import (
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
)

// Screen shows the page on another screen.
func (tab *Tab) Screen(s browsertest.Screen) {
	tab.b.t.Helper()
	scheme, motion := "light", "no-preference"
	if s.Dark {
		scheme = "dark"
	}
	if s.Still {
		motion = "reduce"
	}
	_, err := chromedp.Call(tab.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(s.Width), Height: int64(s.Height), DeviceScaleFactor: 1, Mobile: s.Mobile,
	})
	if err == nil {
		_, err = chromedp.Call(tab.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: s.Mobile})
	}
	if err == nil {
		_, err = chromedp.Call(tab.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: motion},
			},
		})
	}
	if err != nil {
		tab.b.t.Fatalf("%s: show on another screen: %v", tab.name, err)
	}
}

// Screenshot writes a picture of the whole page, top to bottom, to a PNG file.
func (tab *Tab) Screenshot(file string) {
	tab.b.t.Helper()
	picture, err := chromedp.Run(tab.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = browsertest.Save(file, picture)
	}
	if err != nil {
		tab.b.t.Fatalf("%s: screenshot: %v\n%s", tab.name, err, tab.story())
	}
}
