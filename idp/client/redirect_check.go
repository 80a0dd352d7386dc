package client

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// maxURI is the longest URI that can be registered, in bytes.
const maxURI = 2000

// checkRedirectURI reports why a URI may not be registered. A URI is refused unless
// every reader of it, old and new browsers included, sends the code to the same place.
func checkRedirectURI(uri string, public bool) error {
	if err := checkCharacters(uri); err != nil {
		return err
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return errors.New("it is not a URI")
	case u.Scheme == "":
		return errors.New("it is not absolute")
	case !strings.HasPrefix(uri, u.Scheme+":"):
		return errors.New("its scheme is not in lower case")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return errors.New("it holds user information")
	}
	switch u.Scheme {
	case "https", "http":
		return checkWebURI(uri, u)
	}
	return checkPrivateURI(u, public)
}

// checkCharacters looks at the text before anything interprets it.
func checkCharacters(uri string) error {
	switch {
	case uri == "" || len(uri) > maxURI:
		return errors.New("it is empty or longer than 2000 bytes")
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("it holds white space, control characters or characters beyond ASCII (write them percent-encoded, a host name as xn--…)")
	case strings.ContainsAny(uri, "#"):
		return errors.New("it has a fragment")
	case strings.ContainsAny(uri, "*"):
		return errors.New("it has a wildcard; register each URI")
	case strings.ContainsAny(uri, "\\\"<>^`{|}"):
		return errors.New("it holds characters that have no place in a URI")
	}
	return nil
}

// hostName takes what DNS carries, and underscores, which some internal hosts have.
var hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$`)

func checkWebURI(uri string, u *url.URL) error {
	host := u.Hostname()
	switch {
	case !strings.HasPrefix(uri, u.Scheme+"://") || host == "":
		return errors.New("it has no host")
	case !hostName.MatchString(host) && !(strings.HasPrefix(u.Host, "[") && net.ParseIP(host) != nil):
		return errors.New("its host is not a host name or address")
	case strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()):
		return errors.New("its port is not a number from 1 to 65535")
	case u.Scheme == "http" && !loopback(host):
		return errors.New("it is http, which only localhost, 127.0.0.0/8 and [::1] may be; use https")
	case dotted(u.EscapedPath()):
		return errors.New("its path has a part . or .. that browsers resolve")
	}
	return nil
}

// checkPrivateURI takes the schemes that native applications register with the
// system: a reversed domain name of their own (RFC 8252, section 7.1). The dot keeps
// javascript:, data:, file: and all the other schemes of browsers out.
func checkPrivateURI(u *url.URL, public bool) error {
	switch {
	case !strings.Contains(u.Scheme, "."):
		return errors.New("its scheme is neither https nor a reversed domain name")
	case !public:
		return errors.New("a scheme of one's own is for public clients; a confidential client lives on a server")
	case u.Host == "" && u.Path == "" && u.Opaque == "":
		return errors.New("nothing follows its scheme")
	case dotted(u.EscapedPath()) || dotted(u.Opaque):
		return errors.New("its path has a part . or .. that is resolved somewhere")
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// dotted reports whether a path has a dot segment, percent-encoded or with the
// parameters that some servers cut off before they resolve it.
func dotted(path string) bool {
	path = strings.NewReplacer("%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", "/", "%5C", "/").Replace(path)
	for _, part := range strings.Split(path, "/") {
		part, _, _ = strings.Cut(part, ";")
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// checkOrigin takes an origin as browsers write it in the header Origin (RFC 6454,
// section 6.2): scheme, host and, unless it is the usual one, port.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || checkCharacters(origin) != nil || origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin) {
		return errors.New("it is not scheme://host or scheme://host:port in lower case")
	}
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		return errors.New("browsers leave the usual port out")
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("it is neither https nor http")
	}
	return checkWebURI(origin, u)
}
