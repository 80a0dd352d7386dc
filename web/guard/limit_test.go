package guard

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// limited is an edge whose page and machine share a limit of two at once, one each second.
func limited(t *testing.T) (edge *Edge, limits *Limits, pass func(time.Duration)) {
	t.Helper()
	limits, err := NewLimits([]Limit{
		{Name: "few", PerSecond: 1, Burst: 2, Routes: []string{"GET /page", "POST /api"}},
		{Name: "many", Routes: []string{"GET /free"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	limits.Now = func() time.Time { return now }
	edge, _ = newEdge(t)
	edge.Proxies, _ = ParseProxies([]string{"192.0.2.1"}) // what httptest says the peer is
	edge.Browser.Limits, edge.API.Limits = limits, limits
	fine := func(http.ResponseWriter, *http.Request) error { return nil }
	edge.Browser.Handle("GET /page", fine)
	edge.Browser.Handle("GET /free", fine)
	edge.API.Handle("POST /api", Route{Handler: fine})
	return edge, limits, func(d time.Duration) { now = now.Add(d) }
}

func from(edge *Edge, source string) int {
	return ask(edge, "GET", "/page", "", "X-Forwarded-For", source).Code
}

func TestASourceIsSentAwayWhenItAsksTooOften(t *testing.T) {
	edge, _, pass := limited(t)
	for i, want := range []int{200, 200, 429, 429} {
		if got := from(edge, "198.51.100.7"); got != want {
			t.Errorf("request %d: got %d, want %d", i+1, got, want)
		}
	}
	page := ask(edge, "GET", "/page", "", "X-Forwarded-For", "198.51.100.7")
	api := ask(edge, "POST", "/api", "{}", "X-Forwarded-For", "198.51.100.7", "Content-Type", "application/json")
	if page.Header().Get("Retry-After") != "1" || api.Code != http.StatusTooManyRequests || api.Header().Get("Retry-After") != "1" ||
		!strings.Contains(api.Body.String(), "too_many_requests") {
		t.Errorf("got Retry-After %q for a page; %d, %q, %s for a machine", page.Header().Get("Retry-After"), api.Code, api.Header().Get("Retry-After"), api.Body)
	}
	if got := from(edge, "198.51.100.8"); got != 200 {
		t.Errorf("its neighbour: got %d, want 200", got)
	}
	if got := ask(edge, "GET", "/free", "", "X-Forwarded-For", "198.51.100.7").Code; got != 200 {
		t.Errorf("where nobody counts: got %d, want 200", got)
	}
	pass(time.Second)
	if got, again := from(edge, "198.51.100.7"), from(edge, "198.51.100.7"); got != 200 || again != 429 {
		t.Errorf("a second later: got %d and %d, want 200 and 429", got, again)
	}
	pass(time.Hour)
	if a, b, c := from(edge, "198.51.100.7"), from(edge, "198.51.100.7"), from(edge, "198.51.100.7"); a != 200 || b != 200 || c != 429 {
		t.Errorf("after a long rest: got %d, %d and %d, want the burst and no more", a, b, c)
	}
}

func TestWhoIsOneSource(t *testing.T) {
	for _, row := range []struct {
		says, one, other string
		want             int
	}{
		{"one network of a customer", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", 429},
		{"two of them", "2001:db8:0:1::1", "2001:db8:0:2::1", 200},
		{"an address in both notations", "198.51.100.7", "::ffff:198.51.100.7", 429},
		{"this machine", "127.0.0.1", "127.0.0.1", 200},
	} {
		edge, _, _ := limited(t)
		from(edge, row.one)
		from(edge, row.one)
		if got := from(edge, row.other); got != row.want {
			t.Errorf("%s: got %d, want %d", row.says, got, row.want)
		}
	}
}

func TestALimitCanBeWidenedAndSwitchedOff(t *testing.T) {
	for factor, want := range map[int]int{0: 2, 1: 2, 10: 20, -1: 50} {
		edge, limits, _ := limited(t)
		limits.Factor = factor
		let := 0
		for range 50 {
			if from(edge, "198.51.100.7") == 200 {
				let++
			}
		}
		if let != want {
			t.Errorf("factor %d: got %d let in, want %d", factor, let, want)
		}
	}
}

func TestARouteHasOneLimit(t *testing.T) {
	if _, err := NewLimits([]Limit{{Name: "a", Routes: []string{"GET /x"}}, {Name: "b", Routes: []string{"GET /x"}}}); err == nil {
		t.Error("a route in two limits: got no error")
	}
	edge, limits, _ := limited(t)
	edge.API.Handle("GET /forgotten", Route{})
	if got := fmt.Sprint(limits.Missing(append(edge.API.Routes(), edge.Browser.Routes()...))); got != "[GET /forgotten]" {
		t.Errorf("got %s", got)
	}
}

func TestManyHandsGetNoMoreThanTheBurst(t *testing.T) {
	edge, _, _ := limited(t)
	var let atomic.Int32
	var hands sync.WaitGroup
	for range 50 {
		hands.Go(func() {
			if from(edge, "198.51.100.7") == 200 {
				let.Add(1)
			}
		})
	}
	hands.Wait()
	if let.Load() != 2 {
		t.Errorf("got %d let in, want 2", let.Load())
	}
}

func TestSourcesAreForgottenAndBoundedInNumber(t *testing.T) {
	_, limits, _ := limited(t)
	c := limits.of("GET /page")
	source := func(n uint32) netip.Addr { return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n))) }
	for n := range uint32(manySources + 1000) {
		c.take(source(n), 1)
	}
	if len(c.due) != manySources {
		t.Errorf("got %d sources, want %d", len(c.due), manySources)
	}
	if wait := c.take(source(manySources+1), 1); wait != 0 {
		t.Errorf("one too many to count: got %v to wait, want to be let in", wait)
	}
	later := int64(time.Hour)
	if c.take(source(manySources+1), later); len(c.due) != 1 {
		t.Errorf("an hour later: got %d sources, want 1", len(c.due))
	}
}

func BenchmarkLimit(b *testing.B) {
	limits, _ := NewLimits([]Limit{{PerSecond: 1e9, Burst: 1e9, Routes: []string{"x"}}})
	c, source := limits.of("x"), netip.MustParseAddr("198.51.100.7")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.take(source, time.Now().UnixNano())
		}
	})
}
