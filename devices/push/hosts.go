package push

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/nod-idp/nod/internal/outbound"
)

// services are the push services of the browsers. An endpoint is told to us by
// whoever enrols, so nothing is sent to a host that is not known to be one.
var services = []string{
	"fcm.googleapis.com",
	"jmt17.google.com", // Chromium without Google's brand
	"*.push.services.mozilla.com",
	"*.push.apple.com",
	"*.notify.windows.com",
}

// Hosts are the push services that nod sends to. The zero value knows those of the
// browsers.
type Hosts struct{ additions []string }

// ParseHosts adds the operator's: a host such as push.example.org, *.example.org for
// all below it, or either with a port.
func ParseHosts(additions []string) (Hosts, error) {
	for _, entry := range additions {
		name := strings.TrimPrefix(entry, "*.")
		u, err := url.Parse("https://" + name + "/")
		if err != nil || name == "" || u.Host != name || strings.ToLower(name) != name || strings.ContainsAny(u.Hostname(), "*/") || u.Hostname() == "" || u.Port() == "443" {
			return Hosts{}, fmt.Errorf("push host %q is not a host, such as push.example.org, *.example.org or push.example.org:8443", entry)
		}
	}
	return Hosts{additions: slices.Clone(additions)}, nil
}

// Check returns nil for a subscription that nod would send to. Plain http is for
// tests: only to a loopback host that the operator named.
func (h Hosts) Check(s Subscription) error {
	u, err := s.check()
	if err != nil {
		return err
	}
	return h.check(u)
}

func (h Hosts) check(u *url.URL) error {
	host, port := u.Hostname(), u.Port()
	ours := slices.ContainsFunc(h.additions, func(pattern string) bool { return matches(pattern, host, port) })
	switch {
	case u.Scheme == "http" && !(ours && outbound.Loopback(host)):
		return bad("the endpoint is not https")
	case ours, u.Host == host && slices.ContainsFunc(services, func(pattern string) bool { return outbound.MatchHost(pattern, host) }):
		return nil
	}
	return bad("the endpoint is not at a known push service")
}

// matches compares host and port. A pattern without a port means the default one.
func matches(pattern, host, port string) bool {
	if port != "" {
		host = net.JoinHostPort(host, port)
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return outbound.MatchHost(pattern, host)
}

// origin is the push service of an endpoint (RFC 6454, section 6.2).
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// makers are whose push services the known hosts are.
var makers = map[string]string{
	"googleapis.com": "google", "google.com": "google", "mozilla.com": "mozilla", "apple.com": "apple", "windows.com": "microsoft",
}

// service says whose push service a host is, "own" for those that the operator added.
func service(host string) string {
	for domain, maker := range makers {
		if strings.HasSuffix(host, "."+domain) {
			return maker
		}
	}
	return "own"
}
