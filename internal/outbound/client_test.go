package outbound_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
)

// target is a TLS server on loopback that counts who got through.
type target struct {
	*httptest.Server
	hits atomic.Int32
}

func newTarget(t *testing.T, h http.HandlerFunc) *target {
	t.Helper()
	s := &target{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *target) client(t *testing.T, allow ...string) *outbound.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	a, err := outbound.ParseAllow(allow)
	if err != nil {
		t.Fatal(err)
	}
	c := &outbound.Client{Allow: a, TLS: &tls.Config{RootCAs: roots}}
	t.Cleanup(c.CloseIdle)
	return c
}

func get(t *testing.T, c *outbound.Client, address string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func TestLoopbackIsReachedOnlyIfTheOperatorNamedIt(t *testing.T) {
	s := newTarget(t, ok)
	if _, err := get(t, s.client(t), s.URL); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("unnamed: got %v, want a refusal", err)
	}
	if n := s.hits.Load(); n != 0 {
		t.Errorf("got %d requests through", n)
	}
	for _, entry := range []string{"127.0.0.1", "127.0.0.0/8"} {
		resp, err := get(t, s.client(t, entry), s.URL)
		if err != nil || resp.StatusCode != http.StatusNoContent || resp.ProtoMajor != 2 {
			t.Errorf("%s named: got %+v, %v, want 204 over HTTP/2", entry, resp, err)
		}
	}
}

func TestAHostThatCanBeReadAsAnotherIsRefused(t *testing.T) {
	s := newTarget(t, ok)
	c := s.client(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, host := range []string{
		"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.01", "0x7f.0.0.1", "017700000001", "127.0.0.1.",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "[::]", "0", "0.0.0.0", "[64:ff9b::7f00:1]", "[fe80::1%25lo]",
		"localhost", "localhost.", "LOCALHOST", "127。0。0。1", "①②⑦.0.0.1",
	} {
		req := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: host + ":" + port, Path: "/"}, Header: http.Header{}}
		if _, err := c.Do(req.WithContext(t.Context())); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: got %v, want a refusal", host, err)
		}
	}
	if n := s.hits.Load(); n != 0 {
		t.Errorf("got %d requests through", n)
	}
}

func TestOnlyHTTPSGoesOut(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(ok))
	t.Cleanup(plain.Close)
	s := newTarget(t, ok)
	for _, address := range []string{"http://example.org/", "ftp://example.org/", plain.URL, "https://alice:secret@example.org/"} {
		if _, err := get(t, s.client(t), address); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: got %v, want a refusal", address, err)
		}
	}
	if _, err := get(t, s.client(t, "example.org"), "http://example.org/"); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("http to a named host that is not loopback: got %v, want a refusal", err)
	}
	if _, err := get(t, s.client(t, "127.0.0.1"), plain.URL); err != nil {
		t.Errorf("http to loopback that was named: %v", err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	inner := newTarget(t, ok)
	outer := newTarget(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) })
	resp, err := get(t, outer.client(t, "127.0.0.1"), outer.URL)
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("got %v, %v, want the 302 itself", resp, err)
	}
	if n := inner.hits.Load(); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy := newTarget(t, ok)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("ALL_PROXY", proxy.URL)
	s := newTarget(t, ok)
	if _, err := get(t, s.client(t, "127.0.0.1"), s.URL); err != nil || proxy.hits.Load() != 0 {
		t.Errorf("got %v and %d requests at the proxy", err, proxy.hits.Load())
	}
}

// A name that is public when somebody looks at it, and loopback when it is used.
func TestANameThatIsReboundIsRefused(t *testing.T) {
	s := newTarget(t, ok)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	var asked atomic.Int32
	resolver := nameserver(t, func() netip.Addr {
		if asked.Add(1) == 1 {
			return netip.MustParseAddr("93.184.215.14")
		}
		return netip.MustParseAddr("127.0.0.1")
	})
	seen, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example")
	if err != nil || len(seen) != 1 || !seen[0].IsGlobalUnicast() {
		t.Fatalf("the look before: got %v, %v", seen, err)
	}
	c := s.client(t)
	c.Resolver = resolver
	_, err = get(t, c, "https://rebind.example:"+port+"/")
	var refused *outbound.RefusedError
	if !errors.As(err, &refused) || refused.Address != netip.MustParseAddr("127.0.0.1") || refused.Host != "rebind.example" {
		t.Errorf("got %v, want a refusal of 127.0.0.1", err)
	}
	if n := s.hits.Load(); n != 0 {
		t.Errorf("got %d requests through", n)
	}
	named := s.client(t, "rebind.example")
	named.Resolver = resolver
	if _, err := get(t, named, "https://rebind.example:"+port+"/"); errors.Is(err, outbound.ErrRefused) {
		t.Errorf("a host that the operator named: got %v", err)
	}
}

func TestASlowServerIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	s := newTarget(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-release // the body never comes
	})
	t.Cleanup(func() { close(release) })
	c := s.client(t, "127.0.0.1")
	c.Timeout = 100 * time.Millisecond
	began := time.Now()
	resp, err := get(t, c, s.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

func TestAnErrorDoesNotTellTheURL(t *testing.T) {
	s := newTarget(t, ok)
	c := s.client(t, "127.0.0.1")
	s.Close()
	_, err := get(t, c, s.URL+"/a-secret-token?k=another")
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "another") {
		t.Errorf("got %v, want an error without the URL", err)
	}
	if !strings.Contains(err.Error(), s.Listener.Addr().String()) {
		t.Errorf("got %v, want the host named", err)
	}
}

// nameserver answers every question for an IPv4 address with what answer returns,
// and every other with nothing (RFC 1035, section 4).
func nameserver(t *testing.T, answer func() netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		question := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(reply(question[:n], answer), from)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func reply(question []byte, answer func() netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root label, type and class
	out := append([]byte{}, question[:end]...)
	binary.BigEndian.PutUint16(out[2:], 0x8180) // a response, recursion available
	copy(out[6:12], make([]byte, 6))            // no answer yet, and no more sections
	if binary.BigEndian.Uint16(question[end-4:]) != 1 {
		return out
	}
	binary.BigEndian.PutUint16(out[6:], 1)
	out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the same name, A, IN, for no time
	address := answer().As4()
	return append(out, address[:]...)
}

func FuzzDo(f *testing.F) {
	for _, u := range []string{"https://2130706433/", "https://[::ffff:127.0.0.1]:1/", "http://localhost/", "https://127.0.0.1%2f@a/", "https://a\\b/"} {
		f.Add(u)
	}
	c := &outbound.Client{Timeout: time.Second, Connect: time.Second, Resolver: &net.Resolver{
		PreferGo: true,
		Dial:     func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no names here") },
	}}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && !outbound.Loopback(u.Hostname()) {
			return // public addresses are not for a test to connect to
		}
		req := (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context())
		if resp, err := c.Do(req); err == nil {
			resp.Body.Close()
			t.Errorf("%q was reached", address)
		}
	})
}
