package simulator

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// linkPath is where enrolment links point, below the public URL.
const linkPath = "/app/enrol"

// Link is an enrolment link, taken apart.
type Link struct {
	PublicURL string
	Token     string
}

// ParseLink reads an enrolment link: https://HOST[/PREFIX]/app/enrol#TOKEN. Without
// TLS it may only lead to this machine. Its errors do not repeat the link, which
// holds a secret.
func ParseLink(text string) (Link, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return Link{}, errors.New("enrolment link: not a web address")
	}
	base, found := strings.CutSuffix(u.EscapedPath(), linkPath)
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Opaque != "":
		return Link{}, errors.New("enrolment link: not a web address")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return Link{}, errors.New("enrolment link: http is for this machine only, everything else needs https")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || !found:
		return Link{}, errors.New("enrolment link: it does not end in " + linkPath + "#…")
	case !isToken(u.Fragment):
		return Link{}, errors.New("enrolment link: the part after # is missing or damaged; was the whole link copied?")
	}
	return Link{PublicURL: u.Scheme + "://" + u.Host + strings.TrimSuffix(base, "/"), Token: u.Fragment}, nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return strings.HasPrefix(s, "nol_") && len(s) <= 256
}
