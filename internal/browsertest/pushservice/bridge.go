package pushservice

import (
	"fmt"
	"net/http"
	"slices"
)

// Bridge returns the way out for a sender: it takes requests for the real hosts of
// these services to the services themselves. Everything above it (allow-lists, the
// audience of tokens, the Host header) keeps the real names, and nothing ever leaves
// the machine: a host that no service stands in for is an error.
func Bridge(services ...*Service) http.RoundTripper {
	return bridge{services, &http.Transport{MaxIdleConnsPerHost: 8}}
}

type bridge struct {
	services []*Service
	onward   http.RoundTripper
}

// RoundTrip sends the request to the service that stands in for its host.
func (b bridge) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, s := range b.services {
		if r.URL.Host != s.address && !slices.Contains(s.Hosts, r.URL.Host) {
			continue
		}
		onward := r.Clone(r.Context())
		onward.Host = r.URL.Host
		onward.URL.Scheme, onward.URL.Host = "http", s.address
		return b.onward.RoundTrip(onward)
	}
	return nil, fmt.Errorf("push: no service of this test stands in for %q", r.URL.Host)
}
