package idp

import "strings"

// nameUserAgent turns a User-Agent header into the two names a person knows:
// browser and system. It is for their eyes only; nothing is decided by it.
func nameUserAgent(header string) (browser, os string) {
	return firstMatch(header, browserNames, "Unknown browser"), firstMatch(header, systemNames, "unknown system")
}

// describeBrowser is both in one, for the journal.
func describeBrowser(header string) string {
	browser, os := nameUserAgent(header)
	return browser + " on " + os
}

// The order matters: many browsers also name the one they descend from.
var browserNames = [][2]string{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
	{"CriOS", "Chrome"}, {"Chromium", "Chromium"}, {"HeadlessChrome", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
	{"curl/", "curl"}, {"Go-http-client", "a Go program"},
}

var systemNames = [][2]string{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
	{"Macintosh", "macOS"}, {"Linux", "Linux"},
}

func firstMatch(header string, names [][2]string, otherwise string) string {
	for _, n := range names {
		if strings.Contains(header, n[0]) {
			return n[1]
		}
	}
	return otherwise
}
