package client

import (
	"slices"
	"strconv"
	"strings"
)

// AllowsRedirect reports whether uri is one of the client's redirect URIs. They are
// compared as strings, byte by byte (RFC 9700, section 2.1): whoever parses first
// compares two readings of an address, and the browser has a third. The one
// exception is the port of http://127.0.0.1 and http://[::1], which a native
// application cannot choose beforehand (RFC 8252, section 7.3).
func (c Client) AllowsRedirect(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	host, rest, ok := cutLoopback(uri)
	if !ok {
		return false
	}
	for _, registered := range c.RedirectURIs {
		if h, r, ok := cutLoopback(registered); ok && h == host && r == rest {
			return true
		}
	}
	return false
}

// AllowsPostLogout reports whether the browser may be sent to uri after signing out.
// There is no exception.
func (c Client) AllowsPostLogout(uri string) bool {
	return slices.Contains(c.PostLogoutRedirectURIs, uri)
}

// cutLoopback cuts the port out of a URI that begins with a loopback address written
// in exactly one of two ways. What is left is still compared as it stands.
func cutLoopback(uri string) (host, rest string, ok bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, host)
		if !ok {
			continue
		}
		if digits, ok := strings.CutPrefix(rest, ":"); ok {
			end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
			if end < 0 {
				end = len(digits)
			}
			if !isPort(digits[:end]) {
				return "", "", false
			}
			rest = digits[end:]
		}
		// Anything else here would make the address part of a longer host name.
		if rest == "" || rest[0] == '/' || rest[0] == '?' {
			return host, rest, true
		}
	}
	return "", "", false
}

// isPort reports whether digits is a port number in its usual form.
func isPort(digits string) bool {
	n, err := strconv.Atoi(digits)
	return err == nil && n >= 1 && n <= 65535 && digits == strconv.Itoa(n)
}
