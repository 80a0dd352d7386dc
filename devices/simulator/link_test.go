package simulator

import (
	"net/url"
	"strings"
	"testing"
)

func TestALinkSaysWhereAndWith(t *testing.T) {
	for link, want := range map[string]Link{
		"https://login.example.com/app/enrol#nol_abc":     {"https://login.example.com", "nol_abc"},
		" https://example.com:8443/nod/app/enrol#nol_x\n": {"https://example.com:8443/nod", "nol_x"},
		"http://localhost:8080/app/enrol#nol_abc":         {"http://localhost:8080", "nol_abc"},
		"http://127.0.0.1:8080/app/enrol#nol_abc":         {"http://127.0.0.1:8080", "nol_abc"},
		"http://[::1]:8080/app/enrol#nol_abc":             {"http://[::1]:8080", "nol_abc"},
	} {
		if got, err := ParseLink(link); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", link, got, err, want)
		}
	}
	for _, link := range []string{
		"", "nol_abc", "https://", "https:///app/enrol#nol_abc", "ftp://example.com/app/enrol#nol_abc",
		"http://example.com/app/enrol#nol_abc", "http://localhost.example.com/app/enrol#nol_abc",
		"https://user:pw@example.com/app/enrol#nol_abc", "https://example.com/app/enrol?x=1#nol_abc",
		"https://example.com/app/enrol", "https://example.com/app/enrol#", "https://example.com/app/enrol#nol",
		"https://example.com/app/enrol#nod_abc", "https://example.com/app/enrol/#nol_abc", "https://example.com/app#nol_abc",
		"https://example.com/app/enrol#nol_a%20b", "https://example.com/app/enrol#nol_" + strings.Repeat("x", 300),
		"mailto:a@example.com#nol_abc", "https://exa mple.com/app/enrol#nol_abc",
	} {
		if got, err := ParseLink(link); err == nil {
			t.Errorf("%q: got %+v, want an error", link, got)
		} else if strings.Contains(err.Error(), "nol_abc") {
			t.Errorf("%q: the error repeats the secret: %v", link, err)
		}
	}
}

func FuzzLink(f *testing.F) {
	f.Add("https://login.example.com/nod/app/enrol#nol_abc")
	f.Add("http://[::1]:8080/app/enrol#nol_abc")
	f.Fuzz(func(t *testing.T, text string) {
		link, err := ParseLink(text)
		if err != nil {
			return
		}
		u, err := url.Parse(link.PublicURL)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(link.PublicURL, "/") {
			t.Errorf("%q: got a public URL of %q", text, link.PublicURL)
		}
		if u != nil && u.Scheme != "https" && !loopback(u.Hostname()) {
			t.Errorf("%q: leads to %q without TLS", text, link.PublicURL)
		}
		if !isToken(link.Token) {
			t.Errorf("%q: got a token of %q", text, link.Token)
		}
	})
}
