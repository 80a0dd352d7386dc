package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// AllowFramesOf lets this one page hold frames of the origins of its targets and of no others. It is meant for
// signing out at applications, whose own pages do it (OpenID Connect Front-Channel Logout 1.0).
func AllowFramesOf(w http.ResponseWriter, targets ...string) error {
	var origins []string
	for _, target := range targets {
		origin, err := webOrigin(target)
		if err != nil {
			return fmt.Errorf("allow frames: %w", err)
		}
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	if len(origins) > 0 {
		SetPolicy(w, "frame-src", origins...)
	}
	return nil
}

// webOrigin is the origin of a web address, safe to be written into a header: the host is the only foreign text that
// gets there, and a separator in it would start a new directive.
func webOrigin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || strings.ContainsFunc(u.Host, notInHost) {
		return "", fmt.Errorf("%q is no web address", address)
	}
	return u.Scheme + "://" + u.Host, nil
}

func notInHost(c rune) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return false
	}
	return !strings.ContainsRune(".-:[]_", c)
}
