package config

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const publicURLRule = "https://HOST or https://HOST:PORT without path, query or user; http only for localhost, 127.0.0.0/8 and [::1]"

// publicURL keeps the address in the one form that tokens carry as their issuer.
func publicURL(to *string) value {
	return value{"url", publicURLRule, func(s string) (ok bool) {
		*to, ok = s, true
		if s != "" {
			*to, ok = normalizeURL(s)
		}
		return ok
	}, func() string { return *to }}
}

var hostPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// normalizeURL writes scheme and host in lower case and drops the usual port and a
// slash at the end. There is no path: pages link to one another from the root.
func normalizeURL(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Opaque != "" || strings.ContainsAny(s, "?#") || u.Path != "" && u.Path != "/" {
		return s, false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	ip := net.ParseIP(host)
	if strings.HasSuffix(u.Host, ":") || ip == nil && !hostPattern.MatchString(host) {
		return s, false
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0 || port != strconv.FormatUint(n, 10)) {
		return s, false
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "https" && port == "443", scheme == "http" && port == "80":
		port = ""
	case scheme != "https" && scheme != "http":
		return s, false
	}
	if strings.EqualFold(u.Scheme, "http") && !loopback(host) {
		return s, false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return strings.ToLower(u.Scheme) + "://" + host, true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// fillPublicURL makes the address for trying nod out: http on this machine. It is
// made of the configuration alone, never of what a request says.
func (c *Config) fillPublicURL() bool {
	host, port, err := net.SplitHostPort(c.Listen)
	if c.PublicURL != "" || err != nil || !loopback(host) || port == "0" {
		return c.PublicURL != ""
	}
	c.PublicURL, _ = normalizeURL("http://localhost:" + port)
	return true
}
