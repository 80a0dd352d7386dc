package nodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// balancer sends every request to another node than the one before. A node that cannot be
// connected to is passed over, as every load balancer does; a request that a node took and
// did not answer is not sent again.
type balancer struct {
	url       string
	transport *http.Transport // to the balancer
	toNodes   *http.Transport

	mu    sync.Mutex
	nodes []string
	turn  int
}

type connectError struct{ error }

func balance(t *testing.T) *balancer {
	b := &balancer{}
	dialer := net.Dialer{Timeout: time.Second}
	nodes := &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, connectError{err}
			}
			return conn, nil
		},
	}
	b.toNodes = nodes
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme = "http"; r.Out.Host = r.In.Host },
		Transport:     round{b, nodes},
		FlushInterval: -1, // event streams
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:      nil,
	}
	server := httptest.NewUnstartedServer(proxy)
	server.Config.ErrorLog = quiet
	proxy.ErrorLog = quiet
	server.Start()
	address := server.Listener.Addr().(*net.TCPAddr)
	b.url = fmt.Sprintf("http://localhost:%d", address.Port)
	b.transport = &http.Transport{
		MaxIdleConnsPerHost: 256,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address.String())
		},
	}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		nodes.CloseIdleConnections()
	})
	return b
}

func (b *balancer) add(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes = append(b.nodes, address)
}

func (b *balancer) remove(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes = slices.DeleteFunc(b.nodes, func(n string) bool { return n == address })
}

// forget closes connections that nobody uses: those to a node that died lead nowhere, and a
// request on one of them would be lost although the node is there again.
func (b *balancer) forget() { b.toNodes.CloseIdleConnections() }

func (b *balancer) next() (address string, of int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	return b.nodes[b.turn%len(b.nodes)], len(b.nodes)
}

// round is the balancer's way to its nodes.
type round struct {
	b     *balancer
	nodes *http.Transport
}

// RoundTrip sends a request to the next node that can be connected to.
func (r round) RoundTrip(req *http.Request) (res *http.Response, err error) {
	var body []byte
	if req.Body != nil && req.Body != http.NoBody {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	for tries := 1; ; tries++ {
		address, of := r.b.next()
		to := req.Clone(req.Context())
		to.URL = &url.URL{Scheme: "http", Host: address, Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
		if body != nil {
			to.Body = io.NopCloser(newReader(body))
			to.ContentLength = int64(len(body))
		}
		to.GetBody = nil // the transport sends nothing twice by itself
		res, err = r.nodes.RoundTrip(to)
		var unconnected connectError
		if err == nil || !errors.As(err, &unconnected) || tries >= of {
			return res, err
		}
	}
}
