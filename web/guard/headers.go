package guard

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// policy is the Content-Security-Policy of every page: nothing inline, nothing foreign, no frames, and no strings
// turned into markup by script.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"form-action 'self'",
	"base-uri 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
}, "; ")

// features are what a page could ask the browser for and never needs here.
var features = []string{
	"accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen",
	"geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
}

var documentHeaders = http.Header{
	"Content-Security-Policy": {policy},
	"X-Frame-Options":         {"DENY"},
	"X-Content-Type-Options":  {"nosniff"},
	// Not no-referrer: under that policy browsers send "Origin: null" with our own forms, which cross-origin
	// protection then has to refuse. Towards other sites both say nothing.
	"Referrer-Policy":              {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {Permissions()},
	"Cache-Control":                {"no-store"},
}

// pageHeaders are set before the handler runs, so that no answer of the browser mux can lack them.
func pageHeaders(h http.Header) { lay(h, documentHeaders) }

// lay sets headers whose values all answers share. They are clipped, so that who adds to one gets a copy.
func lay(h, shared http.Header) {
	for name, values := range shared {
		h[name] = slices.Clip(values)
	}
}

// Permissions is the value of a Permissions-Policy header that gives our own pages the named features and nobody
// anything else. WebAuthn is always allowed to ourselves.
func Permissions(allow ...string) string {
	own := map[string]bool{}
	for _, feature := range allow {
		own[feature] = true
	}
	parts := []string{"publickey-credentials-get=(self)", "publickey-credentials-create=(self)"}
	for _, feature := range features {
		if own[feature] {
			parts = append(parts, feature+"=(self)")
		} else {
			parts = append(parts, feature+"=()")
		}
	}
	return strings.Join(parts, ", ")
}

// SetPolicy replaces one directive of this answer's Content-Security-Policy, or adds it. Directive and sources are
// ours, never a user's: for a redirect URI there is AllowFormTo.
func SetPolicy(w http.ResponseWriter, directive string, sources ...string) {
	kept := []string{}
	for part := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), ";") {
		part = strings.TrimSpace(part)
		if name, _, _ := strings.Cut(part, " "); part != "" && name != directive {
			kept = append(kept, part)
		}
	}
	kept = append(kept, directive+" "+strings.Join(sources, " "))
	w.Header().Set("Content-Security-Policy", strings.Join(kept, "; "))
}

// AllowFormTo lets the forms of this one page be sent to the origin of target and nowhere else, our own origin
// included. It is meant for form_post, whose page has one form and one place to go.
func AllowFormTo(w http.ResponseWriter, target string) error {
	origin, err := webOrigin(target)
	if err != nil {
		return fmt.Errorf("allow form target: %w", err)
	}
	SetPolicy(w, "form-action", origin)
	return nil
}
