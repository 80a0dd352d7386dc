package dpop

import (
	"net/url"
	"strings"
)

// sameURL compares an htu with the address of a request: without query and fragment, and
// with what RFC 3986, section 6.2, says is the same (RFC 9449, section 4.3).
func sameURL(given, want string) bool {
	a, errA := url.Parse(given)
	b, errB := url.Parse(want)
	return errA == nil && errB == nil && a.User == nil && a.Host != "" && normal(a) == normal(b)
}

// normal is scheme and host in lower case, the port where it is not the usual one, and the
// path with its encoding undone.
func normal(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	path := u.Path
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path
}
