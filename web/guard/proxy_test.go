package guard

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func proxies(t testing.TB, list ...string) Proxies {
	t.Helper()
	p, err := ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheClientIsTheRightmostAddressNoProxyHas(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8", "::1", "2001:db8:1::/48")
	for _, row := range []struct {
		name  string
		peer  string
		lines []string
		want  string // "" is a refusal
	}{
		{"no proxy and no header", "198.51.100.7:4000", nil, "198.51.100.7"},
		{"a stranger's header is not read", "198.51.100.7:4000", []string{"203.0.113.9"}, "198.51.100.7"},
		{"a stranger's broken header is not read", "198.51.100.7:4000", []string{"nonsense"}, "198.51.100.7"},
		{"one proxy", "10.0.0.1:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1:4000", []string{"203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		{"what the client wrote itself stands left and loses", "10.0.0.1:4000", []string{"10.9.9.9, 1.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		{"rubbish left of the client is not looked at", "10.0.0.1:4000", []string{"<script>,,unknown, 203.0.113.9"}, "203.0.113.9"},
		{"several lines are one list", "10.0.0.1:4000", []string{"1.2.3.4", "203.0.113.9", "10.3.3.3"}, "203.0.113.9"},
		{"a proxy's own request", "10.0.0.1:4000", nil, "10.0.0.1"},
		{"only proxies", "10.0.0.1:4000", []string{"10.7.7.7, 10.8.8.8"}, "10.7.7.7"},
		{"IPv6 with brackets and port", "[::1]:4000", []string{"[2001:db8:2::5]:443"}, "2001:db8:2::5"},
		{"IPv6 behind an IPv6 proxy", "[2001:db8:1::9]:4000", []string{"2001:db8:2::5"}, "2001:db8:2::5"},
		{"IPv4 written as IPv6", "[::ffff:10.0.0.1]:4000", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"with a port", "10.0.0.1:4000", []string{"203.0.113.9:55555"}, "203.0.113.9"},
		{"an unknown hop is refused", "10.0.0.1:4000", []string{"203.0.113.9, unknown"}, ""},
		{"an empty hop is refused", "10.0.0.1:4000", []string{"203.0.113.9, "}, ""},
		{"an empty line is refused", "10.0.0.1:4000", []string{""}, ""},
		{"a name is refused", "10.0.0.1:4000", []string{"client.example"}, ""},
		{"half a bracket is refused", "10.0.0.1:4000", []string{"[2001:db8::1"}, ""},
		{"a bracketed IPv4 address is refused", "10.0.0.1:4000", []string{"[203.0.113.9]"}, ""},
		{"a peer without an address is refused", "@", nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: row.peer, Header: http.Header{"X-Forwarded-For": row.lines}}
			got, err := trusted.Client(r)
			if row.want == "" {
				if err == nil {
					t.Fatalf("got %s, want a refusal", got)
				}
				return
			}
			if err != nil || got.String() != row.want {
				t.Errorf("got %s, %v, want %s", got, err, row.want)
			}
		})
	}
}

func TestProxiesAreListedAsNetworksOrAddresses(t *testing.T) {
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0.1:80", "::ffff:10.0.0.0/104", "fe80::1%eth0"} {
		if _, err := ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
	if got := proxies(t, " 10.1.2.3/8 ", "::ffff:192.0.2.1"); got[0].String() != "10.0.0.0/8" || got[1].String() != "192.0.2.1/32" {
		t.Errorf("got %v", got)
	}
}

func TestAnUnreadableForwardedAddressIsServedNothing(t *testing.T) {
	edge, log := newEdge(t)
	edge.Proxies = proxies(t, "192.0.2.1") // where httptest requests come from
	edge.Browser.Handle("GET /", func(http.ResponseWriter, *http.Request) error {
		t.Error("the handler ran")
		return nil
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "unknown")
	w := httptest.NewRecorder()
	edge.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("got status %d, want 400", w.Code)
	}
	log.want(t, "code", "invalid_forwarded_for")
}

func FuzzTheClientIsNeverTakenFromAStranger(f *testing.F) {
	for _, seed := range []string{"203.0.113.9", "a, b", "[::1]:80", ", ,", "10.0.0.1,10.0.0.2", "::ffff:1.2.3.4%eth0", "1.2.3.4:99999"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	trusted := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string, viaProxy bool) {
		peer := "198.51.100.7:4000"
		if viaProxy {
			peer = "10.0.0.1:4000"
		}
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {header}}}
		got, err := trusted.Client(r)
		if !viaProxy && (err != nil || got.String() != "198.51.100.7") {
			t.Fatalf("a stranger's header changed the address to %s, %v", got, err)
		}
		if err == nil && (!got.IsValid() || got.Zone() != "" || got.Is4In6()) {
			t.Fatalf("got %s, want a plain address", got)
		}
	})
}
