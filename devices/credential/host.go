package credential

import (
	"fmt"
	"net"
	"net/url"
)

// Host returns what authenticators know an installation by, the host of its public URL,
// and the one origin that its ceremonies come from. It returns ErrNoName where the host
// is an address.
func Host(publicURL string) (rpID, origin string, err error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return "", "", fmt.Errorf("public URL %q has no host", publicURL)
	}
	if net.ParseIP(u.Hostname()) != nil {
		return "", "", ErrNoName
	}
	return u.Hostname(), u.Scheme + "://" + u.Host, nil
}
