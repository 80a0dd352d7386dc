package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/web/guard"
)

func TestAMachineThatRunsWildIsSentAwayAndItsNeighbourIsNot(t *testing.T) {
	proxies := must(guard.ParseProxies([]string{"127.0.0.1", "::1"}))
	w := startWith(t, server.Options{Proxies: proxies})
	ask := func(source string) *http.Response {
		req := must(http.NewRequest(http.MethodPost, w.issuer+"/link", strings.NewReader("code=BBBB-BBBB")))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", w.issuer)
		req.Header.Set("X-Forwarded-For", source)
		res := must(http.DefaultTransport.RoundTrip(req))
		_ = res.Body.Close()
		return res
	}
	var res *http.Response
	for range 2000 {
		if res = ask("198.51.100.7"); res.StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Fatalf("got %d, Retry-After %q, want 429 and when to come back", res.StatusCode, res.Header.Get("Retry-After"))
	}
	if got := ask("198.51.100.8").StatusCode; got == http.StatusTooManyRequests {
		t.Errorf("its neighbour: got %d", got)
	}
	if got := ask("127.0.0.1").StatusCode; got == http.StatusTooManyRequests {
		t.Errorf("this machine: got %d", got)
	}
}
