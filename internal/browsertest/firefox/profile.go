package firefox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// profile writes the settings of a fresh profile that talks to this push service.
func profile(dir, pushURL string) error {
	settings := []struct {
		name  string
		value any
	}{
		{"marionette.port", 0}, // a free one; Firefox writes it into the profile

		{"dom.push.serverURL", pushURL},
		{"dom.push.testing.allowInsecureServerURL", true}, // it is ws:, not wss:
		{"dom.push.connection.enabled", true},             // being driven switches it off
		{"dom.push.retryBaseInterval", 500},               // back soon after a lost connection

		{"alerts.useSystemBackend", true}, // over D-Bus; Firefox's own would wait for a screen

		{"security.webauth.webauthn_enable_softtoken", true}, // virtual authenticators
		{"security.webauth.webauthn_enable_usbtoken", false}, // no waiting for a real one

		{"dom.serviceWorkers.idle_timeout", 1000}, // workers stop soon, as in long use

		{"devtools.console.stdout.content", true}, // what pages write to the console is printed

		// Silence: nothing asks the world, nothing asks the person.
		{"app.normandy.enabled", false},
		{"app.update.auto", false},
		{"browser.aboutwelcome.enabled", false},
		{"browser.newtabpage.enabled", false},
		{"browser.region.network.url", ""},
		{"browser.safebrowsing.downloads.remote.enabled", false},
		{"browser.search.update", false},
		{"browser.shell.checkDefaultBrowser", false},
		{"browser.startup.page", 0},
		{"browser.tabs.warnOnClose", false},
		{"captivedetect.canonicalURL", ""},
		{"datareporting.policy.dataSubmissionEnabled", false},
		{"extensions.getAddons.cache.enabled", false},
		{"extensions.systemAddon.update.enabled", false},
		{"extensions.update.enabled", false},
		{"network.captive-portal-service.enabled", false},
		{"network.connectivity-service.enabled", false},
		{"services.settings.server", "data:,#remote-settings-dummy/v1"},
		{"toolkit.telemetry.enabled", false},
	}
	var text strings.Builder
	for _, s := range settings {
		if word, ok := s.value.(string); ok {
			s.value = fmt.Sprintf("%q", word)
		}
		fmt.Fprintf(&text, "user_pref(%q, %v);\n", s.name, s.value)
	}
	return os.WriteFile(filepath.Join(dir, "user.js"), []byte(text.String()), 0o600)
}
