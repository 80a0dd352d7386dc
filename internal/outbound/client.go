// Package outbound is the one way out: the HTTP client for every request that nod
// makes by itself to an address that somebody else chose, such as a push endpoint
// or a key set. It owns which addresses may be reached, and the limits that a slow
// or hostile server meets. What is sent, how much of the answer is read and whether
// to try again is left to the rooms that send.
//
// Words: an address is public, private or barred. A private one is reached only if
// the operator named its host or its network, a barred one only if its network was
// named. The judgement falls on the address that is really connected to, after DNS,
// so that a name cannot be one thing when it is checked and another when it is used.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/trace"
	"github.com/nod-idp/nod/internal/turn"
)

// Client sends requests. The zero value reaches public addresses by https. It is
// safe for concurrent use and keeps connections, so a process has one.
type Client struct {
	Allow   Allow         // what else may be reached
	Connect time.Duration // to make a connection; 0 means 3 s
	Timeout time.Duration // for a whole request with its answer; 0 means 8 s

	TLS      *tls.Config   // nil means the system's certificate authorities
	Resolver *net.Resolver // nil means the system's

	once sync.Once
	http *http.Client
}

// The limits of one request.
const (
	defaultConnect = 3 * time.Second
	defaultTimeout = 8 * time.Second
	idleFor        = 90 * time.Second
	idlePerHost    = 64
	maxHeader      = 32 << 10
)

// Do sends a request: by https, or by http to a loopback host that the operator
// named. Redirects are answers and not followed. The caller limits what it reads of
// the body and closes it. An error names the host and never the rest of the URL,
// which may be a secret.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.check(req.URL); err != nil {
		return nil, err
	}
	c.once.Do(c.build)
	defer turn.Rest(req.Context())()
	span := trace.Start(req.Context(), trace.Client, "outbound "+req.Method)
	span.Set("server.address", req.URL.Hostname())
	resp, err := c.http.Do(req)
	span.End(err != nil)
	if err != nil {
		return nil, fmt.Errorf("%s to %s: %w", req.Method, req.URL.Host, withoutURL(err))
	}
	return resp, nil
}

// check refuses what can be told from the URL alone. The address is judged when it
// is known.
func (c *Client) check(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Opaque != "" || u.User != nil || host == "":
		return &RefusedError{Host: host, Reason: "the URL is not plain"}
	case !plainHost(host):
		return &RefusedError{Host: host, Reason: "the host is written in a way that can be read as another"}
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && Loopback(host) && c.Allow.named(host):
		return nil
	}
	return &RefusedError{Host: host, Reason: "only https goes out"}
}

func (c *Client) build() {
	var config *tls.Config
	if c.TLS != nil {
		config = c.TLS.Clone()
	}
	c.http = &http.Client{
		Timeout:       or(c.Timeout, defaultTimeout),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would be the one who connects, and would not judge
			DialContext:            c.dial,
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    or(c.Connect, defaultConnect),
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleFor,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true, // a limit on what is read is a limit on what was sent
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
		},
	}
}

// dial connects, with the judgement between resolving and connecting.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{
		Timeout:  or(c.Connect, defaultConnect),
		Resolver: c.Resolver,
		Control: func(_, connected string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(connected)
			if err != nil {
				return &RefusedError{Host: host, Reason: "it is not an address"}
			}
			return c.Allow.judge(host, to.Addr())
		},
	}
	return d.DialContext(ctx, network, address)
}

// CloseIdle closes connections that are kept and not used.
func (c *Client) CloseIdle() {
	c.once.Do(c.build)
	c.http.CloseIdleConnections()
}

// withoutURL takes the URL out of an error of net/http.
func withoutURL(err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
